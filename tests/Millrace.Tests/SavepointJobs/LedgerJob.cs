using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.State;

namespace Millrace.Tests.SavepointJobs;

/// <summary>A job with state of every kind: numbers, divided by their last digit.</summary>
internal static class LedgerJob
{
    public const string Uid = "ledger";
    public const string SourceUid = "numbers";

    /// <summary>Numbers come at a rate, so that there is always more to come when something happens to the job.</summary>
    public static SingleOutputStream<long> Numbers(StreamExecutionEnvironment env, long count) =>
        env.FromGenerator(index => index, count, recordsPerSecond: 100).Uid(SourceUid);

    public static Action<StreamExecutionEnvironment> Build(List<Line> results, long count = 10_000) => env =>
        Ledger(Numbers(env, count)).SinkTo(new CallbackSink<Line>(line =>
        {
            lock (results)
            {
                results.Add(line);
            }
        })).Uid("sink");

    public static SingleOutputStream<Line> Ledger(DataStream<long> numbers) => numbers.KeyBy(number => (int)(number % 10)).Process(() => new LedgerFunction()).Uid(Uid);

    public sealed record Line(int Digit, int Count, long Sum);

    public sealed record Total(int Count, long Sum);

    private sealed class LedgerFunction : KeyedProcessFunction<int, long, Line>
    {
        private ValueState<Total> _total = null!;
        private ListState<long> _numbers = null!;
        private MapState<string, int> _parity = null!;
        private OperatorListState<string> _opened = null!;
        private OperatorListState<string> _all = null!;

        public override void Open(RuntimeContext context)
        {
            _total = context.GetState(new ValueStateDescriptor<Total>("total"));
            _numbers = context.GetListState(new ListStateDescriptor<long>("numbers"));
            _parity = context.GetMapState(new MapStateDescriptor<string, int>("parity"));
            _opened = context.OperatorState.GetListState(new ListStateDescriptor<string>("opened"));
            _all = context.OperatorState.GetUnionListState(new ListStateDescriptor<string>("all"));
            _opened.Add($"subtask {context.SubtaskIndex}");
            _all.Update([$"{_all.Items.Count}: subtask {context.SubtaskIndex}"]);
        }

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<Line> output)
        {
            var total = _total.Value ?? new Total(0, 0);
            if (total.Count == 0)
            {
                context.Timers.RegisterEventTimeTimer(1_000_000 + context.CurrentKey);
                context.Timers.RegisterProcessingTimeTimer(4_000_000_000_000 + context.CurrentKey);
            }

            _total.Value = total = new Total(total.Count + 1, total.Sum + value);
            _numbers.Add(value);
            _parity.GetOrAdd(value % 2 == 0 ? "even" : "odd")++;
            output.Collect(new Line(context.CurrentKey, total.Count, total.Sum));
        }
    }
}
