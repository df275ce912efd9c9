using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.StateProcessing;
using Millrace.Tests.Diagnostics;
using Millrace.Windowing;

namespace Millrace.Tests.SavepointJobs;

/// <summary>What savepoints do for whole jobs.</summary>
public sealed class SavepointJobTests : IDisposable
{
    private readonly SavepointRig _rig = new();
    private readonly List<LedgerJob.Line> _lines = [];

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(2, 2, false)]
    [InlineData(2, 5, false)]
    [InlineData(3, 1, false)]
    [InlineData(2, 3, true)]
    public void A_job_that_was_stopped_goes_on_without_loss_or_doubles_at_any_parallelism(int before, int after, bool isNative)
    {
        var backend = isNative ? new NativeHeapBackend() : null;
        var format = isNative ? SavepointFormat.Native : SavepointFormat.Canonical;
        _rig.Start(LedgerJob.Build(_lines, 400), parallelism: before, backend: backend).Until(() => _lines.Count > 150).Stop("savepoint", format);
        Assert.InRange(_lines.Count, 150, 399);

        _rig.Start(LedgerJob.Build(_lines, 400), new RestoreOptions("savepoint"), after, backend).End();

        AssertComplete(400);
    }

    [Fact]
    public void A_job_goes_on_after_a_savepoint_and_another_begins_from_it()
    {
        var running = _rig.Start(LedgerJob.Build(_lines, 400)).Until(() => _lines.Count > 100);
        running.Savepoint("savepoint");
        running.End();
        AssertComplete(400);
        int count = _lines.Count;
        var again = new List<LedgerJob.Line>();

        _rig.Start(LedgerJob.Build(again, 400), new RestoreOptions("savepoint")).End();

        // What came behind the savepoint, and nothing else, comes a second time.
        Assert.InRange(again.Count, 1, count - 100);
        Assert.All(again.GroupBy(line => line.Digit), digit => Assert.Equal(40, digit.Max(line => line.Count)));
        Assert.Equal(again.Count, again.Select(line => (line.Digit, line.Count)).Distinct().Count());
    }

    [Fact]
    public void Draining_fires_the_windows_that_are_open()
    {
        var sums = new List<long>();
        _rig.Start(Windows(sums)).Until(() => sums.Count > 0).Stop("drained", drain: true);

        // Everything that was read is in a window that has fired: numbers from 0 on, without a gap at the end.
        long total = sums.Sum();
        Assert.Contains(Enumerable.Range(1, 1000), count => (long)count * (count - 1) / 2 == total);
        using var savepoint = SavepointReader.Open(_rig.Storage, "drained");
        Assert.All(savepoint.Operators, op => Assert.True(op.IsFinished, op.Name));
    }

    [Fact]
    public void Suspending_keeps_open_windows_for_the_job_that_goes_on()
    {
        var sums = new List<long>();
        _rig.Start(Windows(sums), parallelism: 1).Until(() => sums.Count > 0).Stop("suspended");
        Assert.True(sums.Count < 10);

        _rig.Start(Windows(sums), new RestoreOptions("suspended"), parallelism: 3).End();

        Assert.Equal(10, sums.Count);
        Assert.Equal(1000L * 999 / 2, sums.Sum());
    }

    [Fact]
    public async Task A_savepoint_that_is_not_claimed_is_never_touched()
    {
        _rig.Start(LedgerJob.Build(_lines, 400)).Until(() => _lines.Count > 100).Stop("savepoint");
        var before = _rig.Content("savepoint");
        var running = _rig.Start(LedgerJob.Build(_lines, 400), new RestoreOptions("savepoint")).Until(() => _lines.Count > 200);
        running.Checkpoint();
        running.Checkpoint();
        running.Checkpoint();
        running.End();

        Assert.Equal(before, _rig.Content("savepoint"));
        await Savepoints.DisposeAsync(_rig.Storage, "savepoint", TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists(Path.Combine(_rig.Root, "savepoint")));
    }

    [Fact]
    public void A_savepoint_that_is_claimed_is_deleted_when_enough_checkpoints_are_complete()
    {
        _rig.Start(LedgerJob.Build(_lines, 1000)).Until(() => _lines.Count > 100).Stop("savepoint");
        var running = _rig.Start(LedgerJob.Build(_lines, 1000), new RestoreOptions("savepoint") { Claim = ClaimMode.Claim }).Until(() => _lines.Count > 200);
        running.Checkpoint();
        Assert.True(_rig.Exists("savepoint"));
        running.Checkpoint();
        running.Checkpoint();
        Assert.False(_rig.Exists("savepoint"));
        running.Cancel();
    }

    [Fact]
    public void A_savepoint_may_be_moved()
    {
        _rig.Start(LedgerJob.Build(_lines, 400)).Until(() => _lines.Count > 100).Stop("savepoints/one");
        Directory.Move(Path.Combine(_rig.Root, "savepoints"), Path.Combine(_rig.Root, "archive"));

        _rig.Start(LedgerJob.Build(_lines, 400), new RestoreOptions(Path.Combine(_rig.Root, "archive", "one"))).End();

        AssertComplete(400);
    }

    [Fact]
    public void State_of_an_operator_that_is_gone_is_refused_or_dropped_when_asked()
    {
        _rig.Start(LedgerJob.Build(_lines, 400)).Until(() => _lines.Count > 100).Stop("savepoint");
        int count = 0;
        void Without(StreamExecutionEnvironment env) => LedgerJob.Numbers(env, 400).SinkTo(new CallbackSink<long>(_ => Interlocked.Increment(ref count))).Uid("sink");

        var error = Assert.Throws<JobFailedException>(() => _rig.Start(Without, new RestoreOptions("savepoint")).End());
        var cause = Refusal(error);
        Assert.Equal("MR4105", cause.Code);
        Assert.Contains("uid ledger", cause.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(RestoreOptions.AllowNonRestoredState), cause.Message, StringComparison.Ordinal);

        var log = new LogLines();
        _rig.Start(
            env =>
            {
                env.LoggerFactory = log;
                Without(env);
            },
            new RestoreOptions("savepoint") { AllowNonRestoredState = true }).End();
        Assert.Equal(400 - _lines.Count, count);
        Assert.Contains("uid ledger", Assert.Single(log.Of(3007)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Max_parallelism_cannot_change()
    {
        _rig.Start(LedgerJob.Build(_lines, 400)).Until(() => _lines.Count > 100).Stop("savepoint");

        var error = Assert.Throws<JobFailedException>(() =>
            _rig.Start(LedgerJob.Build(_lines, 400), new RestoreOptions("savepoint"), configure: options => options.MaxParallelism = 64).End());

        var cause = Refusal(error);
        Assert.Equal("MR4103", cause.Code);
        Assert.Contains("128", cause.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "'native-heap'", "'heap'")]
    [InlineData(false, "'other-heap'", "'native-heap'")]
    public void State_in_the_own_format_of_another_backend_is_refused(bool isToHeap, string written, string now)
    {
        var before = isToHeap ? new NativeHeapBackend() : new NativeHeapBackend("other-heap");
        _rig.Start(LedgerJob.Build(_lines, 400), backend: before).Until(() => _lines.Count > 100).Stop("savepoint", SavepointFormat.Native);

        var error = Assert.Throws<JobFailedException>(() =>
            _rig.Start(LedgerJob.Build(_lines, 400), new RestoreOptions("savepoint"), backend: isToHeap ? null : new NativeHeapBackend()).End());

        var cause = Refusal(error);
        Assert.Equal("MR4108", cause.Code);
        Assert.All([written, now, "uid ledger", "canonical savepoint"], word => Assert.Contains(word, cause.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_source_that_is_led_into_what_had_finished_is_refused()
    {
        int few = 0;
        int more = 0;
        void Job(StreamExecutionEnvironment env, bool isUnited)
        {
            DataStream<long> numbers = env.FromGenerator(index => index, 20).Uid("short");
            if (isUnited)
            {
                numbers = numbers.Union(env.FromGenerator(index => index, 20).Name("late comer").Uid("new"));
            }

            numbers.KeyBy(number => number).Reduce((a, b) => a + b).Name("sums").Uid("sum").SinkTo(new CallbackSink<long>(_ => Interlocked.Increment(ref few))).Uid("a");
            LedgerJob.Numbers(env, 1000).SinkTo(new CallbackSink<long>(_ => Interlocked.Increment(ref more))).Uid("b");
        }

        _rig.Start(env => Job(env, isUnited: false)).Until(() => few == 20 && more > 100).Stop("savepoint");
        _rig.Start(env => Job(env, isUnited: false), new RestoreOptions("savepoint")).Until(() => more > 200).Cancel();
        Assert.Equal(20, few);

        var error = Assert.Throws<JobFailedException>(() => _rig.Start(env => Job(env, isUnited: true), new RestoreOptions("savepoint")).End());

        var cause = Refusal(error);
        Assert.Equal("MR4109", cause.Code);
        Assert.Contains("'sums' (uid sum)", cause.Message, StringComparison.Ordinal);
        Assert.Contains("'late comer' (uid new)", cause.Message, StringComparison.Ordinal);
        Assert.Equal(20, few);
    }

    [Fact]
    public async Task A_savepoint_that_a_job_has_claimed_is_deleted_by_nobody_else()
    {
        _rig.Start(LedgerJob.Build(_lines, 1000)).Until(() => _lines.Count > 100).Stop("savepoint");
        var claim = new RestoreOptions("savepoint") { Claim = ClaimMode.Claim };
        var running = _rig.Start(LedgerJob.Build(_lines, 1000), claim).Until(() => _lines.Count > 200);

        var error = await Assert.ThrowsAsync<MillraceException>(() => Savepoints.DisposeAsync(_rig.Storage, "savepoint", TestContext.Current.CancellationToken));
        Assert.Equal("MR4207", error.Code);
        Assert.Contains("job 'job-2' has claimed it", error.Message, StringComparison.Ordinal);
        Assert.True(_rig.Exists("savepoint"));

        var other = Causes(Assert.Throws<JobFailedException>(() => _rig.Start(LedgerJob.Build([], 1000), claim).End())).OfType<MillraceException>().First(cause => cause is not JobFailedException);
        Assert.Equal("MR4207", other.Code);
        Assert.Contains("job 'job-2' has claimed it", other.Message, StringComparison.Ordinal);

        running.Checkpoint();
        running.Checkpoint();
        Assert.False(Directory.Exists(Path.Combine(_rig.Root, "savepoint")));
        running.Cancel();
    }

    [Theory]
    [InlineData("missing", "MR4203")]
    [InlineData("damaged", "MR4201")]
    [InlineData("later", "MR4202")]
    public void A_savepoint_that_cannot_be_used_fails_the_job_and_says_why(string path, string code)
    {
        _rig.Start(LedgerJob.Build(_lines, 400)).Until(() => _lines.Count > 100).Stop("damaged");
        string manifest = Path.Combine(_rig.Root, "damaged", "_metadata");
        byte[] bytes = File.ReadAllBytes(manifest);
        byte[] later = [.. bytes];
        later[4] = 99;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(later.AsSpan(later.Length - 8), System.IO.Hashing.XxHash3.HashToUInt64(later.AsSpan(..^8)));
        Directory.CreateDirectory(Path.Combine(_rig.Root, "later"));
        File.WriteAllBytes(Path.Combine(_rig.Root, "later", "_metadata"), later);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(manifest, bytes);

        var error = Assert.Throws<JobFailedException>(() => _rig.Start(LedgerJob.Build(_lines, 400), new RestoreOptions(path)).End());

        Assert.Equal(code, Causes(error).OfType<MillraceException>().First(cause => cause is not JobFailedException).Code);
    }

    private void AssertComplete(int count)
    {
        Assert.Equal(count, _lines.Count);
        foreach (var digit in _lines.GroupBy(line => line.Digit))
        {
            Assert.Equal(Enumerable.Range(1, count / 10), digit.Select(line => line.Count).Order());
            Assert.Equal(Enumerable.Range(0, count).Where(number => number % 10 == digit.Key).Sum(number => (long)number), digit.Max(line => line.Sum));
        }
    }

    /// <summary>Of a job that was failed at once, whatever its restart strategy is.</summary>
    private static StateIncompatibleException Refusal(JobFailedException error)
    {
        Assert.Contains("a StateIncompatibleException would come again", error.Message, StringComparison.Ordinal);
        return Causes(error).OfType<StateIncompatibleException>().First();
    }

    private static IEnumerable<Exception> Causes(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            yield return error;
        }
    }

    // A number is a millisecond, and a window has a hundred.
    private static Action<StreamExecutionEnvironment> Windows(List<long> sums) => env =>
        env.FromGenerator(index => index, 1000, recordsPerSecond: 100, WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(number => number)).Uid("numbers").Parallelism(1)
            .KeyBy(_ => "all").Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(100))).Reduce((a, b) => a + b).Uid("windows")
            .SinkTo(new CallbackSink<long>(sums.Add)).Uid("sums").Parallelism(1);
}
