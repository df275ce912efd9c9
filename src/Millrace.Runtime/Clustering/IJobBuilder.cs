using Microsoft.Extensions.Logging;
using Millrace.Runtime.Graph;
using Millrace.Runtime.State;

namespace Millrace.Runtime.Clustering;

/// <summary>Builds the jobs that a process knows: on every worker the same graph of the same assembly.</summary>
internal interface IJobBuilder
{
    /// <summary>The names of the jobs.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Builds a job. Runs user code, and may block.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parallelism">The default parallelism; null for what the options say.</param>
    /// <exception cref="GraphException">The graph is wrong.</exception>
    BuiltJob Build(string name, int? parallelism);
}

/// <summary>A job that was built, and what it needs to run. Disposed of when none of it runs any more.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Serializers">Gives serializers and hashers.</param>
/// <param name="Loggers">Makes loggers for functions.</param>
/// <param name="Services">What functions take services from; null for nothing.</param>
/// <param name="Scope">What the graph itself took services from; null for nothing.</param>
internal sealed record BuiltJob(JobGraph Graph, ISerializerProvider Serializers, ILoggerFactory Loggers, IServiceProvider? Services, IAsyncDisposable? Scope) : IDisposable
{
    /// <summary>Gives back what it holds. Blocks while services are being disposed of.</summary>
    public void Dispose() => Scope?.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
