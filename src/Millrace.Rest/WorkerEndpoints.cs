using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Hosting;

namespace Millrace.Rest;

/// <summary>The workers over HTTP.</summary>
internal static class WorkerEndpoints
{
    public static Task ListAsync(HttpContext context)
    {
        var workers = context.RequestServices.GetRequiredService<IMillraceCluster>().Workers;
        return RestJson.WriteAsync(
            context, new WorkersResponse([.. workers.Select(static worker => new WorkerResponse(worker.Id, $"{worker.Host}:{worker.Port}", worker.Name, worker.Port, worker.Slots))]), RestJson.Default.WorkersResponse);
    }
}
