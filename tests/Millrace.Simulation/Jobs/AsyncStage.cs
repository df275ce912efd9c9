using Millrace.Simulation.External;

namespace Millrace.Simulation.Jobs;

/// <summary>One record into one, which takes its time, and fails at first for some.</summary>
internal sealed record AsyncStage(int Index, int Input, AsyncOrder Order, int Capacity) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].MapAsync(() => new Slow(), new()
    {
        Order = Order,
        Capacity = Capacity,
        Retry = AsyncRetry<Item>.FixedDelay(2, TimeSpan.FromMilliseconds(3)),
    }));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0].Select(Change);

    private static Item Change(Item item) => item with { Value = 5 - item.Value };

    private sealed class Slow : AsyncFunction<Item, Item>
    {
        private readonly HashSet<Item> _failed = [];
        private TimeProvider _time = null!;

        public override void Open(RuntimeContext context) => _time = context.TimeProvider;

        public override async ValueTask<Item> InvokeAsync(Item value, CancellationToken cancellationToken)
        {
            bool fails = value.Value % 5 == 0 && _failed.Add(value);

            // Not Task.Delay: when it is cancelled, it ends on another thread, which a world on one thread does not wait for.
            var waited = new TaskCompletionSource();
            await using var timer = _time.CreateTimer(_ => waited.TrySetResult(), null, TimeSpan.FromMilliseconds(Math.Abs(value.Value) % 4), Timeout.InfiniteTimeSpan);
            await using var registration = cancellationToken.Register(() => waited.TrySetCanceled(cancellationToken));
            await waited.Task;
            return fails ? throw new IOException("busy") : Change(value);
        }
    }
}
