using Millrace.Simulation.External;
using Millrace.State;

namespace Millrace.Simulation.Jobs;

/// <summary>
/// Keeps records until a time on the clock of its worker, whatever that shows, and passes them on then; what it still has at the end of the input it passes on there. When that is depends on the
/// schedule, so event time ends here.
/// </summary>
internal sealed record LaterStage(int Index, int Input, int Delay) : Stage(Index, Input)
{
    // Later than any record.
    private const long End = 1L << 51;

    public override bool KeepsEventTime => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].KeyBy(item => item.Key).Process(() => new Later(Delay)));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0];

    private sealed class Later(int delay) : KeyedProcessFunction<int, Item, Item>
    {
        private ListState<Item> _items = null!;

        public override void Open(RuntimeContext context) => _items = context.GetListState(new ListStateDescriptor<Item>("items"));

        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output)
        {
            _items.Add(value);
            context.Timers.RegisterProcessingTimeTimer(context.Timers.CurrentProcessingTime + delay);
            context.Timers.RegisterEventTimeTimer(End);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Item> output)
        {
            foreach (var item in _items.AsSpan())
            {
                output.Collect(item);
            }

            _items.Clear();
        }
    }
}
