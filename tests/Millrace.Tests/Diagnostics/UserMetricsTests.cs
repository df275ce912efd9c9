using System.Diagnostics.Metrics;
using Millrace.Metrics;
using Millrace.Runtime.Diagnostics;
using Millrace.Tests.Checkpointing;
using Millrace.Windowing;
using Counter = Millrace.Metrics.Counter;
using Meter = Millrace.Metrics.Meter;

namespace Millrace.Tests.Diagnostics;

/// <summary>What functions publish of their own.</summary>
public sealed class UserMetricsTests : IDisposable
{
    private readonly VirtualRun _run = new();
    private readonly string _job = $"users {Guid.NewGuid():N}";
    private readonly MeterListener _listener = new();
    private readonly LogLines _log = new();
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> _measured = [];
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> _recorded = [];

    public UserMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("millrace.user.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Metrics_OfEverySubtask_ArePublishedWithItsTags()
    {
        Start(context => new Measured(context, "all"));
        _run.RunTo(30.02);
        Measure();
        var summary = JobMetrics.From(_run.Execution, TimeSpan.Zero)["measured"];
        var counters = Of("all.records");
        Assert.Equal([0, 1], counters.Select(counter => (int)counter.Tags["subtask_index"]!).Order());
        Assert.Equal(summary.RecordsIn, counters.Sum(counter => counter.Value));
        Assert.InRange(summary.RecordsIn, 590, 605);
        Assert.All(counters, counter => Assert.Equal(
            (_job, _run.Execution.JobId, "measured → Discard", "measured", "measured-uid"),
            (counter.Tags["job"], counter.Tags["job_id"], counter.Tags["task_name"], counter.Tags["operator_name"], counter.Tags["operator_id"])));
        Assert.InRange(Of("all.rate").Sum(meter => meter.Value), 19.5, 20.5);
        Assert.Equal(counters.Select(counter => counter.Value).Order(), Of("all.set").Select(gauge => gauge.Value).Order());
        Assert.Equal(counters.Select(counter => -counter.Value).Order(), Of("all.asked").Select(gauge => gauge.Value).Order());
        Assert.All(Of("all.side.records"), counter => Assert.Equal(("left", 7), (counter.Tags["side"], counter.Value)));
        Assert.Equal(2, Of("all.side.records").Count);

        // A histogram is handed on value by value.
        var values = _recorded.Where(recorded => recorded.Name == "millrace.user.all.values").ToList();
        Assert.Equal(summary.RecordsIn, values.Count);
        Assert.Equal(values.Count * (values.Count - 1L) / 2, values.Sum(value => value.Value));
        Assert.Equal([0, 1], values.Select(value => (int)value.Tags["subtask_index"]!).Distinct().Order());

        // The same in the process, over both subtasks.
        Assert.Equal((2, summary.RecordsIn), (Summary("all.records").Count, Summary("all.records").Sum));
        Assert.Equal(
            (MetricKind.Histogram, summary.RecordsIn, values.Sum(value => value.Value), 0, summary.RecordsIn - 1),
            (Summary("all.values").Kind, Summary("all.values").Count, Summary("all.values").Sum, Summary("all.values").Min, Summary("all.values").Max));
        Assert.Equal(summary.RecordsIn, Summary("all.rate").Sum);
        Assert.Equal(0, Summary("all.unset").Count);
        Assert.Empty(Of("all.unset"));
        Assert.Equal(["side=left"], Summary("all.side.records").Labels.Select(label => $"{label.Key}={label.Value}"));
    }

    [Fact]
    public void Metrics_AfterARestart_BeginAt0_AndAreGoneWhenTheJobHasEnded()
    {
        bool fails = false;
        Start(context => new Measured(context, "restarted"), fail: () => fails && (fails = false) == false);
        _run.RunTo(10);
        Measure();
        double before = Of("restarted.records").Sum(counter => counter.Value);
        Assert.InRange(before, 190, 205);
        fails = true;
        _run.RunUntil(() => _run.Execution.Failures.Restarts == 1 && UserMetrics("measured").Any(metric => metric is { Name: "restarted.records", Sum: > 0 } && metric.Sum < before));
        Measure();
        Assert.InRange(Of("restarted.records").Sum(counter => counter.Value), 1, before / 2);

        _run.Execution.Cancel();
        _run.RunUntil(() => _run.Execution.Completion.IsCompleted);
        double last = Summary("restarted.records").Sum;
        Measure();
        Assert.Empty(Of("restarted.records"));
        Assert.InRange(last, 1, before / 2);
        Assert.Equal(-last, Summary("restarted.asked").Sum);
    }

    [Fact]
    public void Metrics_OfASubtaskThatHasEnded_AreGone_ThoughTheJobGoesOn()
    {
        var env = Env();
        env.FromCollection(Enumerable.Range(0, 5)).Map(() => new Opened<int>(context => context.Metrics.Counter("short.opened").Increment())).Name("short").Discard();
        env.FromGenerator(n => n, 100_000, 20).Map(() => new Opened<long>(context => context.Metrics.Counter("long.opened").Increment())).Name("long").Discard();
        Run(env);
        _run.RunUntil(() => _run.Execution.Subtasks.Values.Any(subtask => subtask.Status.StartsWith("Ended", StringComparison.Ordinal)));
        Assert.Equal(1, Assert.Single(UserMetrics("short")).Sum);
        Measure();
        Assert.Empty(Of("short.opened"));
        Assert.Single(Of("long.opened"));
    }

    [Fact]
    public void Name_ThatIsTaken_IsIgnoredWithAWarning_AndTheSameNameWithAnotherLabelIsNot()
    {
        var env = Env();
        var counters = new List<Counter>();
        env.FromGenerator(n => n, 100_000, 20).Map(() => new Opened<long>(context =>
        {
            counters.AddRange(context.Metrics.Counter("twice"), context.Metrics.Group("side", "left").Counter("n"), context.Metrics.Group("side", "right").Counter("n"), context.Metrics.Counter("twice"));
            context.Metrics.Gauge("twice").Set(9);
            counters[0].Increment(2);
            counters[3].Increment(3);
        })).Name("named").Discard();
        Run(env);
        _run.RunUntil(() => counters.Count == 4);
        Measure();
        Assert.Equal(2, Assert.Single(Of("twice")).Value);
        Assert.Equal(["left", "right"], Of("side.n").Select(counter => (string)counter.Tags["side"]!).Order());
        Assert.Equal(3, counters[3].Value);
        Assert.All(_log.Of(2011), line => Assert.Contains("named (1/1) has a metric 'twice'", line.Text, StringComparison.Ordinal));
        Assert.Equal(2, _log.Of(2011).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("order count")]
    [InlineData("größe")]
    [InlineData("x\n")]
    public void Name_ThatOpenTelemetryWouldDrop_IsRefused(string name)
    {
        var context = Context();
        Assert.Throws<ArgumentException>(() => context.Metrics.Counter(name));
        Assert.Throws<ArgumentException>(() => context.Metrics.Group("fine").Gauge(name, () => 1));
        Assert.Throws<ArgumentException>(() => context.Metrics.Group(name, "value"));
    }

    [Fact]
    public void Label_ThatIsTaken_IsRefused_AndSoIsANameThatIsTooLong()
    {
        var context = Context();
        Assert.Contains("'subtask_index'", Assert.Throws<ArgumentException>(() => context.Metrics.Group("subtask_index", "1")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => context.Metrics.Group("side", "left").Group("inner").Group("side", "right"));
        Assert.Throws<ArgumentException>(() => context.Metrics.Group(new string('a', 100)).Counter(new string('b', 100)));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.Metrics.Counter("down").Increment(-1));
    }

    [Fact]
    public void Gauge_ThatThrows_HasNoMeasurement_AndIsNotAskedAfterClose()
    {
        var env = Env();
        var gauge = new FailingGauge();
        env.FromGenerator(n => n, 100_000, 20).Map(() => gauge).Name("failing").Discard();
        Run(env);
        _run.RunUntil(() => gauge.IsOpen);
        Measure();
        Measure();
        Assert.Empty(Of("fails"));
        Assert.Single(Of("works"));
        var line = Assert.Single(_log.Of(2012));
        Assert.Equal("failing (1/1): the gauge 'fails' could not be read, and is left out while that is so. This is said once.", line.Text);
        Assert.IsType<InvalidDataException>(line.Error);

        _run.Execution.Cancel();
        _run.RunUntil(() => _run.Execution.Completion.IsCompleted);
        Measure();
        Assert.Equal([("fails", 0L, 0d), ("works", 1L, 5d)], UserMetrics("failing").Select(metric => (metric.Name, metric.Count, metric.Sum)));
        Assert.False(gauge.WasAskedAfterClose);
    }

    [Fact]
    public async Task Metrics_OfAsynchronousFunctions_AreCountedOnAnyThread()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        env.FromSequence(1, 5_000).MapAsync(() => new Asynchronous(), new AsyncOptions<long, long> { Capacity = 1_000, Order = AsyncOrder.Unordered }).Name("async").Discard();
        var result = await env.ExecuteAsync("asynchronous metrics", TestContext.Current.CancellationToken);
        var metrics = result.Metrics["async"].UserMetrics;
        Assert.Equal([("calls", 50_000d), ("marks", 50_000d), ("values", 5_000 * 5_001 / 2d)], metrics.Select(metric => (metric.Name, metric.Sum)));
    }

    [Fact]
    public void Metrics_OfWindowAndKeyedFunctions_AreThere()
    {
        var env = Env();
        var keyed = env.FromCollection(Enumerable.Range(0, 100)).AssignTimestampsAndWatermarks(WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(n => n)).KeyBy(n => n % 3);
        keyed.Window(EventTimeSessionWindows.WithGap(TimeSpan.FromSeconds(1))).Process(() => new CountingWindows()).Name("sessions").Discard();
        keyed.Process(() => new CountingKeys()).Name("keys").Discard();
        Run(env);
        _run.RunUntil(() => _run.Execution.Completion.IsCompleted);
        var metrics = JobMetrics.From(_run.Execution, TimeSpan.Zero);
        Assert.Equal(3, Assert.Single(metrics["sessions"].UserMetrics).Sum);
        Assert.Equal(100, Assert.Single(metrics["keys"].UserMetrics).Sum);
    }

    [Fact]
    public void Counting_AllocatesNothing()
    {
        var context = Context();
        var (counter, meter, gauge, histogram) = (context.Metrics.Counter("counter"), context.Metrics.Meter("meter"), context.Metrics.Gauge("gauge"), context.Metrics.Histogram("histogram"));
        Count(100_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Count(1_000_000);

        // The runtime itself allocates now and then on the thread that it compiles for: some kilobytes, once. The least object for each hundredth record would be 240,000 bytes.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000);
        Assert.Equal((1_100_000, 2_200_000, 1_100_000), (counter.Value, meter.Count, histogram.Count));

        void Count(int times)
        {
            for (int i = 0; i < times; i++)
            {
                counter.Increment();
                meter.Mark(2);
                gauge.Set(i);
                histogram.Record(i);
            }
        }
    }

    /// <summary>The context of a function that runs.</summary>
    private RuntimeContext Context()
    {
        RuntimeContext? opened = null;
        var env = Env();
        env.FromGenerator(n => n, 100_000, 20).Map(() => new Opened<long>(context => opened = context)).Discard();
        Run(env);
        _run.RunUntil(() => opened is not null);

        // A listener keeps what is recorded, and so allocates.
        _listener.Dispose();
        return opened!;
    }

    private StreamExecutionEnvironment Env(int parallelism = 1)
    {
        var env = _run.Env(parallelism: parallelism);
        env.LoggerFactory = _log;
        return env;
    }

    private void Start(Func<RuntimeContext, Measured> create, Func<bool>? fail = null)
    {
        var env = Env(parallelism: 2);
        env.FromGenerator(n => n, 100_000, 20).Name("numbers").Parallelism(1).Rebalance().Map(() => new MeasuredMap(create, fail)).Name("measured").Uid("measured-uid").Discard();
        Run(env);
    }

    private void Run(StreamExecutionEnvironment env)
    {
        _run.Start(env, _job);
        JobInstruments.Register(_run.Execution);
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var named = new Dictionary<string, object?>(tags.ToArray());
        if (Equals(named["job"], _job))
        {
            (instrument.IsObservable ? _measured : _recorded).Add((instrument.Name, value, named));
        }
    }

    private void Measure()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
    }

    private List<(string Name, double Value, Dictionary<string, object?> Tags)> Of(string name) => [.. _measured.Where(measured => measured.Name == $"millrace.user.{name}")];

    private IReadOnlyList<MetricSummary> UserMetrics(string op) => JobMetrics.From(_run.Execution, TimeSpan.Zero)[op].UserMetrics;

    private MetricSummary Summary(string name) => UserMetrics("measured").Single(metric => metric.Name == name);

    private sealed class Measured
    {
        private readonly Counter _records;
        private readonly Meter _rate;
        private readonly Gauge _set;
        private readonly Histogram _values;

        public Measured(RuntimeContext context, string group)
        {
            var metrics = context.Metrics.Group(group);
            (_records, _rate, _set, _values) = (metrics.Counter("records"), metrics.Meter("rate"), metrics.Gauge("set"), metrics.Histogram("values"));
            metrics.Gauge("asked", () => -_records.Value);
            metrics.Gauge("unset");
            metrics.Group("side", "left").Counter("records").Increment(7);
        }

        public void Add(long value)
        {
            _records.Increment();
            _rate.Mark();
            _set.Set(_records.Value);
            _values.Record(value);
        }
    }

    private sealed class MeasuredMap(Func<RuntimeContext, Measured> create, Func<bool>? fail) : MapFunction<long, long>
    {
        private Measured _metrics = null!;

        public override void Open(RuntimeContext context) => _metrics = create(context);

        public override long Map(long value)
        {
            if (fail?.Invoke() == true)
            {
                throw new InvalidOperationException("as the test wants it");
            }

            _metrics.Add(value);
            return value;
        }
    }

    private sealed class Opened<T>(Action<RuntimeContext> open) : MapFunction<T, T>
    {
        public override void Open(RuntimeContext context) => open(context);

        public override T Map(T value) => value;
    }

    private sealed class FailingGauge : MapFunction<long, long>
    {
        private bool _isClosed;

        public bool IsOpen { get; private set; }

        public bool WasAskedAfterClose { get; private set; }

        public override void Open(RuntimeContext context)
        {
            context.Metrics.Gauge("fails", () => throw new InvalidDataException("as the test wants it"));
            context.Metrics.Gauge("works", () =>
            {
                WasAskedAfterClose |= _isClosed;
                return 5;
            });
            IsOpen = true;
        }

        public override long Map(long value) => value;

        public override void Close() => _isClosed = true;
    }

    private sealed class Asynchronous : AsyncFunction<long, long>
    {
        private Counter _calls = null!;
        private Meter _marks = null!;
        private Histogram _values = null!;

        public override void Open(RuntimeContext context) => (_calls, _marks, _values) = (context.Metrics.Counter("calls"), context.Metrics.Meter("marks"), context.Metrics.Histogram("values"));

        public override async ValueTask<long> InvokeAsync(long value, CancellationToken cancellationToken)
        {
            await Task.Yield();
            for (int i = 0; i < 10; i++)
            {
                _calls.Increment();
                _marks.Mark();
            }

            _values.Record(value);
            return value;
        }
    }

    private sealed class CountingWindows : ProcessWindowFunction<int, int, int, TimeWindow>
    {
        private Counter _windows = null!;

        public override void Open(RuntimeContext context) => _windows = context.Metrics.Counter("windows");

        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<int> elements, Collector<int> output) => _windows.Increment();
    }

    private sealed class CountingKeys : KeyedProcessFunction<int, int, int>
    {
        private Counter _records = null!;

        public override void Open(RuntimeContext context) => _records = context.Metrics.Counter("records");

        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output) => _records.Increment();
    }
}
