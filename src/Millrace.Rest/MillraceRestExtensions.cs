using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Millrace.Rest;

namespace Millrace.Hosting;

/// <summary>Millrace over HTTP.</summary>
public static class MillraceRestExtensions
{
    /// <summary>
    /// Maps the paths by which programs are uploaded and jobs are submitted, looked at and cancelled: those of Apache Flink's REST API, with its names. Whoever reaches them runs code on the workers. So they answer 403 (MR6028) until it is said who
    /// may: call <c>RequireAuthorization</c> on what is returned, or <c>AllowAnonymous</c> where nobody else reaches the address.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">What the paths begin with.</param>
    /// <returns>All of the paths, for conventions.</returns>
    /// <example><code>app.MapMillrace().RequireAuthorization("operators");</code></example>
    public static IEndpointConventionBuilder MapMillrace(this IEndpointRouteBuilder endpoints, string prefix = "/v1")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var group = endpoints.MapGroup(prefix);
        Map(HttpMethods.Post, "/jars/upload", JarEndpoints.UploadAsync);
        Map(HttpMethods.Get, "/jars", JarEndpoints.ListAsync);
        Map(HttpMethods.Delete, "/jars/{jar}", JarEndpoints.DeleteAsync);
        Map(HttpMethods.Post, "/jars/{jar}/run", JarEndpoints.RunAsync);
        Map(HttpMethods.Get, "/jobs/overview", JobEndpoints.OverviewAsync);
        Map(HttpMethods.Get, "/jobs/{job}", JobEndpoints.GetAsync);
        Map(HttpMethods.Patch, "/jobs/{job}", JobEndpoints.CancelAsync);
        Map(HttpMethods.Delete, "/jobs/{job}", JobEndpoints.DeleteAsync);
        Map(HttpMethods.Get, "/jobs/{job}/resource-requirements", ResourceRequirementEndpoints.GetAsync);
        Map(HttpMethods.Put, "/jobs/{job}/resource-requirements", ResourceRequirementEndpoints.SetAsync);
        Map(HttpMethods.Get, "/taskmanagers", WorkerEndpoints.ListAsync);
        return group;

        void Map(string method, string pattern, RequestDelegate handle) => group.MapMethods(pattern, [method], context => RestGuard.RunAsync(context, handle));
    }
}
