using Microsoft.Extensions.Logging;
using Millrace.Runtime.Graph;
using Millrace.Runtime.State;

namespace Millrace.Runtime.Clustering;

/// <summary>A job that was built, and what it needs to run.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Serializers">Gives serializers and hashers.</param>
/// <param name="Loggers">Makes loggers for functions.</param>
/// <param name="Services">What functions take services from; null for nothing.</param>
/// <param name="Scope">What the graph itself took services from; null for nothing.</param>
internal sealed record BuiltJob(JobGraph Graph, ISerializerProvider Serializers, ILoggerFactory Loggers, IServiceProvider? Services, IAsyncDisposable? Scope)
{
    /// <summary>Where it comes from; null where every worker has it itself.</summary>
    public JobProgram? Program { get; init; }

    /// <summary>Gives back what it holds, when none of it runs any more. Nobody waits for that: how services are disposed of is their own business, and an error of it is logged.</summary>
    /// <param name="logger">Takes errors; null: they are passed over.</param>
    public void Release(ILogger? logger) => _ = ReleaseAsync(logger);

    private async Task ReleaseAsync(ILogger? logger)
    {
        try
        {
            if (Scope is { } scope)
            {
                await scope.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            if (logger is not null)
            {
                Log.ReleaseFailed(logger, error, Graph.Stream.JobName);
            }
        }
    }
}
