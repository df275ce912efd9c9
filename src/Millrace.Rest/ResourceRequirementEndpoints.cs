using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Hosting;

namespace Millrace.Rest;

/// <summary>Bounds of parallelism over HTTP: by the names of tasks, where Flink has ids of vertices.</summary>
internal static class ResourceRequirementEndpoints
{
    // It may wait for a cooldown, or for slots: for longer than clients and proxies do.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task GetAsync(HttpContext context)
    {
        string job = await JobEndpoints.NameAsync(context).ConfigureAwait(false);
        var status = await ClusterOf(context).GetStatusAsync(job, context.RequestAborted).ConfigureAwait(false);
        var requirements = new Dictionary<string, TaskRequirements>();
        foreach (var task in status.Tasks)
        {
            // Two tasks may have one name; they are told apart by the uids of operators, which the status does not have.
            requirements.TryAdd(task.Name, new TaskRequirements(new ParallelismRange(task.Bounds.Min, task.Bounds.Max)));
        }

        await RestJson.WriteAsync(context, requirements, RestJson.Default.DictionaryStringTaskRequirements).ConfigureAwait(false);
    }

    public static async Task SetAsync(HttpContext context)
    {
        string job = await JobEndpoints.NameAsync(context).ConfigureAwait(false);
        var bounds = (await ReadAsync(context).ConfigureAwait(false)).ToDictionary(
            static task => task.Key,
            static task => task.Value?.Parallelism is { } range
                ? new ParallelismBounds(range.LowerBound, range.UpperBound)
                : throw new BadHttpRequestException($"Of task '{task.Key}' the parallelism is missing: expected is {{\"parallelism\":{{\"lowerBound\":1,\"upperBound\":4}}}}."));
        var set = ClusterOf(context).SetParallelismBoundsAsync(job, bounds, CancellationToken.None);
        int status = StatusCodes.Status200OK;
        try
        {
            await set.WaitAsync(Patience, context.RequestServices.GetRequiredService<TimeProvider>(), context.RequestAborted).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // They are written, and hold from when the job can be rescaled. An error that comes now stands in the log of its coordinator.
            status = StatusCodes.Status202Accepted;
            _ = set.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }

        await RestJson.WriteAsync(context, new EmptyResponse(), RestJson.Default.EmptyResponse, status).ConfigureAwait(false);
    }

    private static IMillraceCluster ClusterOf(HttpContext context) => context.RequestServices.GetRequiredService<IMillraceCluster>();

    private static async Task<Dictionary<string, TaskRequirements?>> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, RestJson.Default.DictionaryStringTaskRequirements, context.RequestAborted).ConfigureAwait(false)
                ?? throw new BadHttpRequestException("The body is empty: expected is an object with the names of tasks.");
        }
        catch (JsonException error)
        {
            throw new BadHttpRequestException($"The body is no JSON of requirements: {error.Message}", error);
        }
    }
}
