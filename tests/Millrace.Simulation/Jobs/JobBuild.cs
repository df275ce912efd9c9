using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>One start of a random job: the environment that it is declared in, and what is particular to this start.</summary>
/// <param name="env">The environment.</param>
/// <param name="run">The number of the start; a later one replaces an earlier.</param>
/// <param name="scale">Decides the parallelism of each operator; another number is a rescale.</param>
/// <param name="tallies">Where functions tell what they have counted.</param>
internal sealed class JobBuild(StreamExecutionEnvironment env, int run, int scale, JobTallies tallies)
{
    private readonly Dictionary<int, DataStream<Item>> _streams = [];

    public StreamExecutionEnvironment Env => env;

    /// <summary>Whether records of a split may overtake each other: where what was in flight is restored at another parallelism.</summary>
    public bool OrderMayBreak { get; init; }

    public JobTallies.Run Tallies { get; } = tallies.Begin(run);

    public DataStream<Item> this[int stage]
    {
        get => _streams[stage];
        set => _streams[stage] = value;
    }

    /// <summary>How many subtasks a stage has in this start.</summary>
    public int ParallelismOf(int stage) => 1 + (int)((uint)HashCode(stage, scale) % 4);

    // A hash of our own: the one of the runtime differs from process to process, and a seed must give the same run.
    private static int HashCode(int stage, int scale)
    {
        ulong mixed = (((ulong)(uint)stage << 32) | (uint)scale) * 0x9E37_79B9_7F4A_7C15;
        return (int)((mixed ^ (mixed >> 29)) * 0xBF58_476D_1CE4_E5B9 >> 33);
    }
}
