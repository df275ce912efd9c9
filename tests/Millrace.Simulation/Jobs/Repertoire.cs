namespace Millrace.Simulation.Jobs;

/// <summary>Which stages random jobs are made of. A seed that is named in a test keeps the job that it was named for.</summary>
internal enum Repertoire
{
    /// <summary>Stateless steps, keyed functions, aligned windows, operator state: what there was first.</summary>
    First,

    /// <summary>All that there are.</summary>
    All,
}
