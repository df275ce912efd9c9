using System.Text;
using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Tests.Checkpointing;

/// <summary>What a start of a job goes on from, and what it does not.</summary>
public sealed class RestoreTests
{
    private readonly VirtualRun _run = new();
    private readonly List<long> _seen = [];

    [Fact]
    public void StopWithSavepoint_ReadsNothingBehindIt_AndTheNextStartGoesOnThere()
    {
        _run.Start(Collecting(), "first");
        _run.RunTo(15);
        Assert.Equal("savepoints/one", _run.Await(_run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/one", StopMode.Suspend)));
        Assert.Equal(JobState.Finished, _run.Await(_run.Execution.Completion).State);
        int before = _seen.Count;
        Assert.InRange(before, 10, 20);

        _run.Start(Collecting(options => options.RestoreFrom = new RestoreOptions("savepoints/one")), "second");
        _run.RunTo(40);
        Assert.True(_seen.Count > before, "The second run has read something.");
        Assert.Equal(Enumerable.Range(0, _seen.Count).Select(n => (long)n), _seen);
    }

    [Fact]
    public void StopWithSavepoint_ThatFails_LetsTheSourcesGoOn()
    {
        _run.Start(Collecting(), "job");
        _run.RunTo(5);
        _run.Disk.Faults.FailureRate = 1;
        var stop = _run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/one", StopMode.Suspend);
        Assert.Throws<MillraceException>(() => _run.Await(stop));
        _run.Disk.Faults.FailureRate = 0;
        int before = _seen.Count;
        _run.RunTo(25);
        Assert.Equal(JobState.Running, _run.Execution.State);
        Assert.InRange(_seen.Count, before + 10, before + 25);
        Assert.Equal(_seen.Distinct(), _seen);
    }

    [Fact]
    public void Start_WithAllCheckpointsDamaged_FailsWithMR4208()
    {
        KillAfterTwoCheckpoints();
        Damage(name => name.EndsWith("_metadata", StringComparison.Ordinal));
        _run.Start(Collecting(), "job");
        var outcome = _run.Await(_run.Execution.Completion);
        Assert.Equal(JobState.Failed, outcome.State);
        Assert.Contains("MR4208", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("None of the 2 checkpoint(s)", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_WithTheLatestDamaged_UsesTheOneBefore()
    {
        KillAfterTwoCheckpoints();
        Damage(name => name == "job/chk-2/_metadata");
        _run.Start(Collecting(), "job");
        _run.RunUntil(() => _run.Execution.CheckpointHistory?.Current.LatestRestored is not null);
        Assert.Equal("job/chk-1", CheckpointSummaries.From(_run.Execution).LatestRestored!.Path);
    }

    [Fact]
    public void Start_WithTheLatestDamagedWhereOnlyLoadingShowsIt_UsesTheOneBefore()
    {
        _run.Start(Large(), "job");
        _run.RunTo(25);
        Assert.Equal(2, CheckpointSummaries.From(_run.Execution).Completed);
        _run.Kill();
        Assert.NotNull(_run.Disk.CorruptOne(new Random(1), name => name.StartsWith("job/chk-2/", StringComparison.Ordinal) && !name.EndsWith("_metadata", StringComparison.Ordinal)));
        _seen.Clear();

        _run.Start(Large(), "job");
        _run.RunUntil(() => _seen.Count > 0 || _run.Execution.Failures.Restarts > 1);

        Assert.Equal(1, _run.Execution.Failures.Restarts);
        var damage = Assert.IsType<MillraceException>(_run.Execution.Failures.Records[0].Error);
        Assert.Equal("MR4201", damage.Code);
        Assert.Contains("Checkpoint 2 of job 'job': file 'job/chk-2/", damage.Message, StringComparison.Ordinal);
        Assert.Equal("job/chk-1", CheckpointSummaries.From(_run.Execution).LatestRestored!.Path);
        Assert.InRange(_seen[0], 9, 12);
    }

    [Fact]
    public void Start_FromASavepointThatLoadingShowsToBeDamaged_Fails()
    {
        _run.Start(Large(), "first");
        _run.RunTo(5);
        _run.Await(_run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "saved", StopMode.Suspend));
        _run.Await(_run.Execution.Completion);
        Assert.NotNull(_run.Disk.CorruptOne(new Random(1), name => name.StartsWith("saved/", StringComparison.Ordinal) && !name.EndsWith("_metadata", StringComparison.Ordinal)));

        _run.Start(Large(options => options.RestoreFrom = new RestoreOptions("saved")), "second");
        var outcome = _run.Await(_run.Execution.Completion);

        Assert.Equal(JobState.Failed, outcome.State);
        Assert.Contains("MR4208", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("'saved'", outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _run.Execution.Failures.Restarts);
    }

    [Fact]
    public void Restart_WithoutRestoreLatest_DoesNotTurnToAnEarlierRun()
    {
        KillAfterTwoCheckpoints();
        bool fails = false;
        _seen.Clear();
        var env = _run.Env(options =>
        {
            options.RestoreLatest = false;
            options.Interval = null;
        });
        env.FromGenerator(n => n, 500, recordsPerSecond: 1).Uid("numbers").ForEach(n =>
        {
            _seen.Add(fails ? throw new InvalidOperationException("told to fail") : n);
        });
        _run.Start(env, "job");
        _run.RunTo(30);
        Assert.Equal(0, _seen[0]);
        fails = true;
        _run.RunUntil(() => _run.Execution.Failures.Restarts == 1);
        fails = false;
        _seen.Clear();
        _run.RunUntil(() => _seen.Count > 0);
        Assert.Equal(0, _seen[0]);
        Assert.Null(CheckpointSummaries.From(_run.Execution).LatestRestored);
    }

    [Fact]
    public void Restart_WhereOneOfTheEnumeratorsCannotBeMade_EndsWithoutWaitingForTheOther()
    {
        bool fails = false;
        var env = _run.Env();
        var numbers = env.FromGenerator(n => n, 500, recordsPerSecond: 1).Uid("first").Union(env.FromGenerator(n => n, 500, recordsPerSecond: 1).Uid("second"));
        numbers.ForEach(n =>
        {
            _seen.Add(fails ? throw new InvalidOperationException("told to fail") : n);
        });
        var serializers = new FailingSerializers(new SerializerProvider(env.Serializers));
        _run.Start(env, "job", serializers);
        _run.RunTo(15);
        serializers.Left = 1;
        fails = true;

        var outcome = _run.Await(_run.Execution.Completion);

        Assert.Equal(0, serializers.Left);
        Assert.StartsWith("MR2001", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("there is no serializer", outcome.Error.Message, StringComparison.Ordinal);
    }

    private void KillAfterTwoCheckpoints()
    {
        _run.Start(Collecting(), "job");
        _run.RunTo(25);
        Assert.Equal(2, CheckpointSummaries.From(_run.Execution).Completed);
        _run.Kill();
    }

    private void Damage(Func<string, bool> which)
    {
        foreach (string name in _run.Disk.Names.Where(which).ToList())
        {
            using var output = _run.Storage.Create(name);
            output.Stream.Write(Encoding.UTF8.GetBytes("not a manifest"));
            output.Complete();
        }
    }

    // Its state is too large for a reader to take in one piece, and no file is verified when the job is opened.
    private StreamExecutionEnvironment Large(Action<CheckpointOptions>? configure = null)
    {
        var env = _run.Env(options =>
        {
            options.VerifiedAtOpening = 0;
            configure?.Invoke(options);
        });
        env.FromGenerator(n => n, 500, recordsPerSecond: 1).Uid("numbers").KeyBy(_ => 0).Process(() => new Hoarder()).Uid("hoarder").ForEach(_seen.Add);
        return env;
    }

    private StreamExecutionEnvironment Collecting(Action<CheckpointOptions>? configure = null)
    {
        var env = _run.Env(configure);
        env.FromGenerator(n => n, 500, recordsPerSecond: 1).Uid("numbers").ForEach(_seen.Add);
        return env;
    }

    /// <summary>Gives so many serializers for enumerators, and then none.</summary>
    private sealed class FailingSerializers(SerializerProvider inner) : ISerializerProvider
    {
        public int Left { get; set; } = int.MaxValue;

        public TypeSerializer<T> Get<T>() => typeof(T) != typeof(RangeEnumeratorState) || Left-- > 0 ? inner.Get<T>() : throw None();

        public StableHasher<T> GetHasher<T>() => inner.GetHasher<T>();

        private NonRecoverableException None()
        {
            Left = 0;
            return new NonRecoverableException("there is no serializer");
        }
    }

    /// <summary>Counts, and keeps much.</summary>
    private sealed class Hoarder : KeyedProcessFunction<int, long, long>
    {
        private ValueState<long> _count = null!;
        private ValueState<string> _hoard = null!;

        public override void Open(RuntimeContext context)
        {
            _count = context.GetState(new ValueStateDescriptor<long>("count"));
            _hoard = context.GetState(new ValueStateDescriptor<string>("hoard"));
        }

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<long> output)
        {
            _hoard.Value ??= new string('x', 400_000);
            output.Collect(++_count.GetOrAdd());
        }
    }
}
