#pragma warning disable xUnit1051 // Nothing here is given up half way.
using Millrace.Checkpointing;
using Millrace.State;
using Millrace.StateProcessing;
using Millrace.Tests.SavepointJobs;
using Millrace.Windowing;

namespace Millrace.Tests.StateProcessing;

/// <summary>What is kept window by window, and broadcast state.</summary>
public sealed class SavepointWindowTests : IDisposable
{
    private static readonly MapStateDescriptor<int, string> Rules = new("rules");

    private readonly SavepointRig _rig = new();
    private readonly List<long> _seen = [];
    private readonly List<WindowValue<long, TimeWindow, long>> _fired = [];

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(SavepointFormat.Canonical)]
    [InlineData(SavepointFormat.Native)]
    public async Task Windows_that_are_open_are_read_with_the_bounds_that_they_have_grown_to(SavepointFormat format)
    {
        var backend = format == SavepointFormat.Native ? new NativeHeapBackend() : null;
        _rig.Start(Build, backend: backend).Until(() => _fired.Count > 20).Stop("windows", format);
        using var savepoint = SavepointReader.Open(_rig.Storage, "windows", backend);

        var sessions = await savepoint.ReadWindows<long, TimeWindow, long>("sessions").ToListAsync();
        var open = _seen.GroupBy(n => n % 3).SelectMany(key => SessionsOf(key.Select(TimeOf)).Select(session => (key.Key, session.Window, session.Count)))
            .Except(_fired.Select(fired => (fired.Key, fired.Window, Count: fired.Value))).ToList();
        Assert.NotEmpty(open);
        Assert.Contains(open, session => session.Count > 1);
        Assert.Equal(open.Order(), sessions.Select(session => (session.Key, session.Window, session.Content)).Order());

        var all = await savepoint.ReadWindowRecords<long, GlobalWindow, long>("all").ToDictionaryAsync(window => window.Key, window => window.Content.Order().ToList());
        Assert.Equal(3, all.Count);
        Assert.All(all, window => Assert.Equal(_seen.Where(n => n % 3 == window.Key).Order(), window.Value));

        var timed = await savepoint.ReadWindowRecords<long, GlobalWindow, TimestampedValue<long>>("evicting").ToListAsync();
        Assert.Equal(_seen.Order().Select(n => new TimestampedValue<long>(n, TimeOf(n))), timed.SelectMany(window => window.Content).OrderBy(record => record.Value));

        var error = await Assert.ThrowsAsync<MillraceException>(async () => await savepoint.ReadWindows<long, TimeWindow, long>("slices").ToListAsync());
        Assert.Contains("window-contents", error.Message, StringComparison.Ordinal);
        Assert.Contains("window-slices", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Broadcast_state_that_was_written_is_with_every_subtask_and_can_be_read_again(int parallelism)
    {
        string path = await SavepointWriter.New(_rig.Storage).WithBroadcast<int, string>("rules", Rules.Name, [new(0, "even"), new(1, "odd")]).WriteAsync("written");
        var results = new List<string>();
        _rig.Start(Job, new RestoreOptions(path), parallelism).Until(() => results.Count > 100).Stop("after");
        Assert.All(results, result => Assert.Contains(result[(result.IndexOf(':', StringComparison.Ordinal) + 1)..], new[] { "even", "odd" }));
        Assert.Equal(parallelism, results.Select(result => result[..result.IndexOf(':', StringComparison.Ordinal)]).Distinct().Count());

        using var after = SavepointReader.Open(_rig.Storage, "after");
        Assert.Equal(new Dictionary<int, string> { [0] = "even", [1] = "odd" }, after.ReadBroadcast<int, string>("rules", Rules.Name));
        await SavepointWriter.FromExisting(after).WithBroadcast<int, string>("rules", Rules.Name, [new(0, "another"), new(1, "another")]).WriteAsync("changed");
        results.Clear();
        _rig.Start(Job, new RestoreOptions("changed"), parallelism + 1).Until(() => results.Count > 100).Cancel();
        Assert.All(results, result => Assert.EndsWith(":another", result, StringComparison.Ordinal));

        void Job(StreamExecutionEnvironment env) => env.FromGenerator(n => n, 100_000, 1_000).Uid("numbers").Parallelism(1).Rebalance()
            .Connect(env.FromCollection(Array.Empty<string>()).Uid("none").Broadcast(Rules)).Process(() => new Apply()).Uid("rules").ForEach(results.Add).Uid("results").Parallelism(1);
    }

    [Fact]
    public async Task Broadcast_state_that_is_not_there_and_a_key_that_comes_twice_are_errors()
    {
        Assert.Throws<ArgumentException>(() => SavepointWriter.New(_rig.Storage).WithBroadcast<int, string>("rules", Rules.Name, [new(0, "a"), new(0, "b")]));
        await SavepointWriter.New(_rig.Storage).WithList<int>("rules", "list", [1]).WriteAsync("written");
        using var savepoint = SavepointReader.Open(_rig.Storage, "written");
        Assert.Contains("'rules'", Assert.Throws<MillraceException>(() => savepoint.ReadBroadcast<int, string>("rules", Rules.Name)).Message, StringComparison.Ordinal);
    }

    private void Build(StreamExecutionEnvironment env)
    {
        var seen = env.FromGenerator(n => n, 1_000_000, 1_000, WatermarkStrategy<long>.ForBoundedOutOfOrderness(TimeSpan.FromSeconds(250)).WithTimestampAssigner(TimeOf)).Uid("numbers").Parallelism(1)
            .Map(n =>
            {
                _seen.Add(n);
                return n;
            }).Uid("seen").Parallelism(1);
        var keyed = seen.KeyBy(n => n % 3);
        keyed.Window(EventTimeSessionWindows.WithGap(TimeSpan.FromSeconds(1))).Count().Uid("sessions").ForEach(_fired.Add).Uid("fired").Parallelism(1);
        keyed.Window(GlobalWindows.Create()).Process(() => new Nothing<GlobalWindow>()).Uid("all").Discard().Uid("nothing of all");
        keyed.Window(GlobalWindows.Create()).Evictor(keep => keep.Last(5)).Count().Uid("evicting").Discard().Uid("nothing of evicting");
        keyed.Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Count().Uid("slices").Discard().Uid("nothing of slices");
    }

    // Blocks of fifty, 100 s apart, of which the last three are open; within a block out of order, so that sessions begin apart and grow together.
    private static long TimeOf(long n) => (n / 50 * 100_000) + (n * 7 % 50 * 300);

    private static IEnumerable<(TimeWindow Window, long Count)> SessionsOf(IEnumerable<long> times)
    {
        List<long> session = [];
        foreach (long time in times.Order())
        {
            if (session.Count > 0 && time > session[^1] + 1_000)
            {
                yield return (new TimeWindow(session[0], session[^1] + 1_000), session.Count);
                session = [];
            }

            session.Add(time);
        }

        yield return (new TimeWindow(session[0], session[^1] + 1_000), session.Count);
    }

    private sealed class Nothing<TWindow> : ProcessWindowFunction<long, long, long, TWindow>
        where TWindow : struct, IWindow<TWindow>
    {
        public override void Process(long key, WindowContext<TWindow> context, IReadOnlyList<long> elements, Collector<long> output)
        {
        }
    }

    private sealed class Apply : BroadcastProcessFunction<long, string, string>
    {
        public override void ProcessElement(long value, ReadOnlyBroadcastContext context, Collector<string> output) =>
            output.Collect($"{RuntimeContext.SubtaskIndex}:{(context.GetBroadcastState(Rules).TryGet((int)(value % 2), out string? rule) ? rule : "none")}");

        public override void ProcessBroadcastElement(string value, BroadcastContext context, Collector<string> output)
        {
        }
    }
}
