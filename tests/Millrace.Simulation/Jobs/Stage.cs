using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>
/// One step of a random job: builds an operator, and computes naively what it gives. What it gives depends on its input alone and not on the schedule.
/// </summary>
/// <param name="Index">Which of the job's stages; its operator's uid.</param>
/// <param name="Inputs">The stages that it reads from.</param>
internal abstract record Stage(int Index, params int[] Inputs)
{
    /// <summary>How its operator is fused with others.</summary>
    public StageChaining Chaining { get; init; }

    /// <summary>Whether its records' event time is their <see cref="Item.Time"/> where that of its input is: else nothing that goes by event time may follow.</summary>
    public virtual bool KeepsEventTime => true;

    /// <summary>Whether records that come more than once add results and change none.</summary>
    public virtual bool BearsDuplicates => true;

    /// <summary>What the stage does, for the log.</summary>
    public string Name => $"{Index}:{GetType().Name.Replace("Stage", "", StringComparison.Ordinal)}";

    /// <summary>Declares the operator.</summary>
    public abstract DataStream<Item> Build(JobBuild job);

    /// <summary>What comes out, in any order.</summary>
    /// <param name="inputs">What goes in.</param>
    public abstract IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs);

    /// <summary>Gives the operator its name, its uid, its parallelism and its place in a chain.</summary>
    protected SingleOutputStream<Item> Tune(JobBuild job, SingleOutputStream<Item> stream)
    {
        stream.Name(Name).Uid($"stage-{Index}").Parallelism(job.ParallelismOf(Index));
        return Chaining switch
        {
            StageChaining.NewChain => stream.StartNewChain(),
            StageChaining.Alone => stream.DisableChaining(),
            _ => stream,
        };
    }
}

/// <summary>How an operator is fused with others.</summary>
internal enum StageChaining
{
    Default,
    NewChain,
    Alone,
}
