using Millrace.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.State.Backends;

namespace Millrace.Testing;

/// <summary>One run of a job, over all of its starts: what a seed decides about it.</summary>
internal abstract class EquivalenceRun : IDisposable
{
    public const string JobName = "job";
    private readonly Action<JobUnderTest> _declare;
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"millrace-{Guid.NewGuid():N}");
    private readonly ExecutionOptions _options;
    private readonly int _firstBackend;
    private int _parallelism;

    protected EquivalenceRun(Action<JobUnderTest> declare, JobWay? way, JobEquivalenceOptions options, ulong seed)
    {
        _declare = declare;
        Way = way;
        Options = options;
        Seed = seed;
        Random = new Random((int)(seed * 0x9E37_79B9 >> 1));
        _parallelism = way is null ? options.Parallelisms[0] : Pick([.. options.Parallelisms]);

        // By turns, so that a few seeds begin with each of them.
        _firstBackend = (int)(seed % (ulong)options.StateBackends.Count);
        _options = new ExecutionOptions
        {
            BatchSize = Pick(1, 3, 16),
            ChannelCapacity = Pick(2, 4),
            BufferTimeout = TimeSpan.FromMilliseconds(Pick(0, 1, 10)),
            AutoWatermarkInterval = TimeSpan.FromMilliseconds(Pick(1, 5, 50)),
            OperatorChaining = Random.Next(3) > 0,
            LocalAggregation = Random.Next(4) > 0,
        };
    }

    public ResultStore Store { get; } = new();

    /// <summary>Says how the run is repeated.</summary>
    public string Description => Way is null ? "undisturbed, without checkpoints" : $"{Way}; to repeat: {nameof(JobWay)}.{nameof(JobWay.Named)}(\"{Way}\"), {nameof(JobEquivalenceOptions.FirstSeed)} {Seed}, {nameof(JobEquivalenceOptions.Seeds)} 1";

    protected JobWay? Way { get; }

    protected JobEquivalenceOptions Options { get; }

    protected ulong Seed { get; }

    protected Random Random { get; }

    /// <summary>How many starts there were.</summary>
    protected int Starts { get; private set; }

    /// <summary>The savepoint that the next start goes on from.</summary>
    protected string? Savepoint { get; set; }

    public virtual void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Declares the job for its next start.</summary>
    /// <param name="storage">Keeps its checkpoints.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="random">Decides how long sinks take; null where they take no time.</param>
    protected StreamExecutionEnvironment Declare(CheckpointStorage storage, TimeProvider time, Random? random)
    {
        if (Starts++ > 0 && Way!.Rescales && Options.Parallelisms.Count > 1)
        {
            _parallelism = Pick([.. Options.Parallelisms.Where(other => other != _parallelism)]);
        }

        var options = _options.Clone();
        options.Parallelism = _parallelism;
        if (Way is not null)
        {
            options.Checkpoints = Checkpoints(storage, Way.Barriers);
            options.RestartStrategy = RestartStrategy.FixedDelay(1_000, TimeSpan.FromMilliseconds(1));
            options.StateBackend = Backend();
        }

        Directory.CreateDirectory(_folder);
        var env = new StreamExecutionEnvironment(options) { TimeProvider = time };
        _declare(new JobUnderTest(env, Store, _folder, Starts, random));
        return env;
    }

    /// <summary>The results of a run that has come to its end.</summary>
    protected JobResults Results()
    {
        var results = Store.Read();
        return Store.Violations is [var violation, ..] && Way is not { IsAtLeastOnce: true } ? throw new JobEquivalenceException($"{Description}: {violation}.") : results;
    }

    /// <summary>Where everything stands, for people who look for the reason of a standstill.</summary>
    protected static string Describe(JobExecution job) =>
        $"It is {job.State}. Subtasks:\n{string.Join("\n", job.Subtasks.Where(subtask => !subtask.Value.IsStopped).Select(subtask => $"  {subtask.Value.Description} {job.StateOf(subtask.Key)}: {subtask.Value.Status}"))}\n"
        + $"Checkpoints:\n{string.Join("\n", job.CheckpointHistory?.Current.Records.TakeLast(4).Select(record => $"  {record.Id} {record.Kind} {record.Status} {record.Subtasks.Count}/{record.Participants} {record.FailureReason}") ?? [])}";

    protected T Pick<T>(params T[] choices) => choices[Random.Next(choices.Length)];

    private StateBackend? Backend()
    {
        // Only a savepoint can be read by another backend.
        int shift = Way!.Interruption == Interruption.Savepoint ? Starts - 1 : 0;
        return Options.StateBackends[(_firstBackend + shift) % Options.StateBackends.Count]();
    }

    private CheckpointOptions Checkpoints(CheckpointStorage storage, BarrierWay barriers) => new()
    {
        Storage = storage,
        Interval = Options.CheckpointInterval,
        JobId = JobName,
        Mode = barriers == BarrierWay.AtLeastOnce ? CheckpointMode.AtLeastOnce : CheckpointMode.ExactlyOnce,
        MaxConcurrent = barriers == BarrierWay.Concurrent ? 2 : 1,
        Unaligned = barriers == BarrierWay.Unaligned,
        AlignedTimeout = barriers == BarrierWay.AlignedTimeout ? TimeSpan.FromMilliseconds(Pick(1, 3)) : TimeSpan.Zero,
        InlineThreshold = Pick(0, 20 * 1024),
        RestoreFrom = Savepoint is null ? null : new RestoreOptions(Savepoint),
    };
}
