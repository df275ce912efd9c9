namespace Millrace.Runtime.Clustering;

/// <summary>Builds the jobs that a process knows: on every worker the same graph of the same assembly.</summary>
internal interface IJobBuilder
{
    /// <summary>The names of the jobs.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Whether jobs of programs are taken that were submitted, beside those that have names here.</summary>
    bool TakesPrograms => false;

    /// <summary>Builds a job. Runs user code, and may block.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parallelism">The default parallelism; null for what the options say.</param>
    /// <exception cref="GraphException">The graph is wrong.</exception>
    BuiltJob Build(string name, int? parallelism);

    /// <summary>What builds the jobs of a program that was submitted.</summary>
    /// <exception cref="MillraceException">MR6021: none are taken here.</exception>
    IJobBuilder Of(JobProgram program) => throw ClusterErrors.NoPrograms();
}
