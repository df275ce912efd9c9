namespace Millrace.Testing;

/// <summary>A way of running a job which must not make a difference to its results: how barriers travel, and what happens to the job.</summary>
public sealed record JobWay
{
    private JobWay(BarrierWay barriers, Interruption interruption, bool rescales)
    {
        Barriers = barriers;
        Interruption = interruption;
        Rescales = rescales;
        string end = interruption switch
        {
            Interruption.None => "undisturbed",
            Interruption.Crash => "the process crashes",
            Interruption.Failure => "subtasks fail",
            Interruption.Cancel => "cancelled and started again",
            _ => "stopped with a savepoint",
        };
        Name = $"{Describe(barriers)}, {end}{(rescales ? ", goes on at another parallelism" : "")}";
    }

    /// <summary>All ways: every kind of barriers with every interruption.</summary>
    public static IReadOnlyList<JobWay> All { get; } =
    [
        .. from barriers in Enum.GetValues<BarrierWay>()
           from interruption in Enum.GetValues<Interruption>()
           from rescales in (bool[])[false, true]
           where !rescales || interruption is Interruption.Crash or Interruption.Cancel or Interruption.Savepoint
           where rescales || interruption is not (Interruption.Savepoint or Interruption.Cancel)
           select new JobWay(barriers, interruption, rescales),
    ];

    /// <summary>The way in words; unique.</summary>
    public string Name { get; }

    /// <summary>Whether results may come more than once.</summary>
    public bool IsAtLeastOnce => Barriers == BarrierWay.AtLeastOnce;

    internal BarrierWay Barriers { get; }

    internal Interruption Interruption { get; }

    /// <summary>Whether every new start is at another parallelism.</summary>
    internal bool Rescales { get; }

    /// <summary>Finds a way.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The way.</returns>
    /// <exception cref="InvalidOperationException">There is no such way.</exception>
    public static JobWay Named(string name) => All.Single(way => way.Name == name);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static string Describe(BarrierWay barriers) => barriers switch
    {
        BarrierWay.Aligned => "aligned",
        BarrierWay.Concurrent => "two checkpoints at once",
        BarrierWay.Unaligned => "unaligned",
        BarrierWay.AlignedTimeout => "aligned with timeout",
        _ => "at least once",
    };
}

/// <summary>How barriers travel.</summary>
internal enum BarrierWay
{
    Aligned,
    Concurrent,
    Unaligned,
    AlignedTimeout,
    AtLeastOnce,
}

/// <summary>What happens to a job.</summary>
internal enum Interruption
{
    None,

    /// <summary>Everything that runs is gone at once; the job starts again on the same storage.</summary>
    Crash,

    /// <summary>Subtasks throw; the restart strategy restores the job.</summary>
    Failure,

    /// <summary>The job is cancelled, and starts again on the same storage.</summary>
    Cancel,

    /// <summary>The job stops with a savepoint in the canonical format, and starts again from it, perhaps with another state backend.</summary>
    Savepoint,
}
