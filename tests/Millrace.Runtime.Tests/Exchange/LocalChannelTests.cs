using CsCheck;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Exchange;

public sealed class LocalChannelTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(8, 8)]
    public void TrySend_Full_RefusesUntilOneIsTaken(int capacity, int places)
    {
        var scheduler = new SimulatedScheduler(1);
        var actor = new TestActor(scheduler, _ => RunResult.Wait);
        var channel = new LocalChannel<int>(capacity, actor, actor);
        for (int i = 0; i < places; i++)
        {
            Assert.True(channel.TrySend(new StreamElement<int>(ControlElement.Watermark(i))));
        }

        Assert.False(channel.TrySend(new StreamElement<int>(ControlElement.Watermark(99))));
        Assert.True(channel.TryReceive(out var first));
        Assert.Equal(0, first.Control.Value);
        Assert.True(channel.TrySend(new StreamElement<int>(ControlElement.Watermark(places))));
        for (int i = 1; i <= places; i++)
        {
            Assert.True(channel.TryReceive(out var element));
            Assert.Equal(i, element.Control.Value);
        }

        Assert.False(channel.TryReceive(out _));
    }

    [Fact]
    public void Two_actors_on_any_schedule_lose_nothing_and_never_sleep_for_ever() =>
        Gen.Select(Gen.ULong, Gen.Int[2, 9], Gen.Int[1, 300]).Sample(
            (seed, capacity, count) =>
            {
                var scheduler = new SimulatedScheduler(seed);
                var run = new Run(scheduler, capacity, count);
                run.Start();
                scheduler.RunUntil(() => run.Received == count);
            },
            iter: 300);

    [Theory]
    [InlineData(2)]
    [InlineData(64)]
    public void Two_threads_pass_a_million_elements_in_order_and_miss_no_wake_up(int capacity)
    {
        const int Count = 1_000_000;
        using var scheduler = new ThreadedScheduler(2, TimeProvider.System);
        using var done = new ManualResetEventSlim();
        var run = new Run(scheduler, capacity, Count) { Done = done.Set };
        run.Start();
        Assert.True(done.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken), $"{run.Received} of {Count} arrived, then nobody was woken.");
        Assert.Null(run.Wrong);
    }

    /// <summary>One actor sends numbers, sleeping while the channel is full; one receives them, sleeping while it is empty.</summary>
    private sealed class Run
    {
        private readonly LocalChannel<int> _channel;
        private readonly TestActor _producer;
        private readonly int _count;
        private int _sent;
        private int _received;

        public Run(ITaskScheduler scheduler, int capacity, int count)
        {
            _count = count;
            _producer = new TestActor(scheduler, _ => Produce());
            _channel = new LocalChannel<int>(capacity, _producer, new TestActor(scheduler, _ => Consume()));
        }

        public int Received => Volatile.Read(ref _received);

        public string? Wrong { get; private set; }

        public Action Done { get; init; } = () => { };

        public void Start() => _producer.Wake();

        private RunResult Produce()
        {
            while (_sent < _count)
            {
                if (!_channel.TrySend(new StreamElement<int>(ControlElement.Watermark(_sent))))
                {
                    return RunResult.Wait;
                }

                _sent++;
            }

            return RunResult.Done;
        }

        private RunResult Consume()
        {
            while (_channel.TryReceive(out var element))
            {
                if (element.Control.Value != _received)
                {
                    Wrong ??= $"{element.Control.Value} came where {_received} was due.";
                }

                Volatile.Write(ref _received, _received + 1);
            }

            if (_received < _count)
            {
                return RunResult.Wait;
            }

            Done();
            return RunResult.Done;
        }
    }
}
