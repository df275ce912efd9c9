using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tests.Checkpointing.LocalRecovery;
using Millrace.Runtime.Tests.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>Workers with disks of their own, on one thread and a seed: who reads what when a job is restored.</summary>
public sealed class LocalRecoveryTests
{
    private readonly MemoryCheckpointStorage _storage = new();
    private readonly ClusterRig _cluster;
    private readonly Dictionary<string, MemoryCheckpointStorage> _disks = [];
    private readonly Dictionary<string, KeptLog> _logs = [];
    private readonly List<(string Worker, string File)> _reads = [];

    public LocalRecoveryTests() => _cluster = new ClusterRig(seed: 3, () => Counts(_storage));

    [Fact]
    public void Who_has_survived_reads_its_own_disk_and_who_is_new_reads_the_storage()
    {
        var execution = StartTwoOfThree();
        _cluster.Kill("b");
        RunOn(execution);
        Assert.Equal(["a", "c"], Placed());
        Assert.DoesNotContain(_reads, read => read.Worker == "a");
        Assert.Contains(_reads, read => read.Worker == "c");
        Assert.Contains("from the checkpoint storage 0 file(s) of 0 bytes", LastRestored("a"), StringComparison.Ordinal);
        Assert.DoesNotContain("from local copies 0 file(s)", LastRestored("a"), StringComparison.Ordinal);
        Assert.Contains("from local copies 0 file(s) of 0 bytes", LastRestored("c"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_is_started_again_on_its_disk_reads_it_and_on_an_empty_one_reads_the_storage()
    {
        var execution = StartTwoOfThree();
        _cluster.Kill("c");
        _cluster.Kill("a");
        Start("a", "a-2");
        RunOn(execution);
        Assert.Equal(["a", "b"], Placed());
        Assert.Empty(_reads);

        _cluster.Kill("a");
        _disks.Remove("a");
        Start("a", "a-3");
        RunOn(execution);
        Assert.Equal(["a", "b"], Placed());
        Assert.All(_reads, read => Assert.Equal("a", read.Worker));
        Assert.NotEmpty(_reads);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_coordinator_has_workers_read_their_own_disks_if_it_knows_who_was_where(bool knows)
    {
        StartTwoOfThree();
        PlacementFile.Write(_storage, "squares", _cluster.Hosts[^1].Previous);

        // All have other ids now, in another order, and only their names are the same.
        _cluster.Kill("coordinator 1");
        foreach (var (name, id) in (IEnumerable<(string, string)>)[("a", "3"), ("b", "2"), ("c", "1")])
        {
            _cluster.Kill(name);
            Start(name, id);
        }

        RunOn(_cluster.Lead(term: 2, knows ? PlacementFile.Read(_storage, "squares") : null));
        Assert.Equal(knows ? ["a", "b"] : ["b", "c"], Placed());
        Assert.Equal(knows, _reads.Count == 0);
    }

    [Fact]
    public void A_worker_whose_copies_are_all_damaged_reads_the_storage_and_the_job_goes_on()
    {
        var execution = StartTwoOfThree();
        foreach (string file in _disks["a"].Files.Keys.ToList())
        {
            _disks["a"].Files[file] = [.. _disks["a"].Files[file].Select(value => (byte)~value)];
        }

        _cluster.Kill("b");
        RunOn(execution);
        Assert.Contains(_reads, read => read.Worker == "a");
        Assert.Contains(3201, _logs["a"].Ids);
        Assert.Equal(1, execution.Failures.Restarts);
    }

    [Fact]
    public void A_job_that_begins_anew_on_a_wiped_storage_uses_nothing_of_before()
    {
        StartTwoOfThree();
        Assert.NotEmpty(_disks["a"].Files);
        var before = _disks["a"].Files.Keys.ToList();
        _cluster.Kill("coordinator 1");
        _storage.Files.Clear();
        RunOn(_cluster.Lead(term: 2));
        Assert.NotEmpty(_disks["a"].Files);
        Assert.DoesNotContain(_disks["a"].Files.Keys, before.Contains);
    }

    [Fact]
    public void A_disk_has_what_the_latest_checkpoint_needs_of_it_and_no_more()
    {
        var execution = StartTwoOfThree();
        _cluster.RunFor(TimeSpan.FromSeconds(20));
        Assert.True(execution.CheckpointHistory!.Current.Counts.Completed > 15);

        // The latest that is complete, and what is under way.
        Assert.InRange(_disks["a"].Files.Keys.Select(name => name.Split('/')[1]).Distinct().Count(), 1, 2);
    }

    private JobExecution StartTwoOfThree()
    {
        foreach (string name in (string[])["a", "b", "c"])
        {
            Start(name, name);
        }

        var execution = _cluster.Lead(term: 1);
        _cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(["a", "b"], Placed());
        Assert.True(execution.CheckpointHistory!.Current.Counts.Completed > 3);
        Assert.Empty(_reads);
        return execution;
    }

    private void RunOn(JobExecution execution)
    {
        _reads.Clear();
        _cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(JobState.Running, execution.State);
    }

    private void Start(string name, string id)
    {
        if (!_disks.TryGetValue(name, out var disk))
        {
            _disks[name] = disk = new MemoryCheckpointStorage();
        }

        var log = _logs[name] = new KeptLog();
        _cluster.Start(name, slots: 1, id, () => Counts(new SeenStorage(_storage, file => _reads.Add((name, file)))), new LocalCopies(disk, long.MaxValue, log), log);
    }

    private IEnumerable<string> Placed() => _cluster.Hosts[^1].Placement.Values.Select(worker => worker.Name).Distinct().Order();

    private string LastRestored(string name) => _logs[name].Of(3205)[^1];

    private static StreamExecutionEnvironment Counts(CheckpointStorage storage)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = 2,
            BatchSize = 8,
            RestartStrategy = RestartStrategy.FixedDelay(100, TimeSpan.FromSeconds(1)),

            // Whatever state there is has a file.
            Checkpoints = new CheckpointOptions { Storage = storage, Interval = TimeSpan.FromSeconds(1), InlineThreshold = 0 },
        });
        env.FromGenerator(i => (int)i, 1_000_000_000, recordsPerSecond: 100).KeyBy(n => n % 50).Reduce((_, n) => n).Discard();
        return env;
    }

    /// <summary>A storage, and who hears of each file that is read.</summary>
    private sealed class SeenStorage(MemoryCheckpointStorage inner, Action<string> read) : CheckpointStorage
    {
        public override string Description => inner.Description;

        public override StorageOutput Create(string name, CancellationToken cancellationToken = default) => inner.Create(name, cancellationToken);

        public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default) => inner.TryCreate(name, content, cancellationToken);

        public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
        {
            read(name);
            return inner.OpenRead(name, cancellationToken);
        }

        public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default) => inner.List(folder, cancellationToken);

        public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default) => inner.Delete(names, cancellationToken);
    }
}
