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
