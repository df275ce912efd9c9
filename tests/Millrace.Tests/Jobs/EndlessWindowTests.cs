using Millrace.Connectors;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Tests.Jobs;

/// <summary>A window of event time that is never over has no timer that removes it, and must keep the one of its trigger.</summary>
public sealed class EndlessWindowTests
{
    [Fact]
    public void An_endless_window_of_an_assigner_of_ones_own_fires_when_the_input_ends()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var results = new List<int>();
        env.FromCollection([1, 2, 3], WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(value => value * 1_000L))
            .KeyBy(value => value % 2).Window(new Endless()).Reduce((a, b) => a + b)
            .SinkTo(new CallbackSink<int>(results.Add));
        JobRunner.Run(env, seed: 1);
        Assert.Equal([2, 4], results.Order());
    }

    private sealed class Endless : WindowAssigner<GlobalWindow>
    {
        public override bool IsEventTime => true;

        public override void AssignWindows(long timestamp, ICollection<GlobalWindow> windows) => windows.Add(default);

        public override Trigger<T, GlobalWindow> CreateDefaultTrigger<T>() => default(Triggers<T, GlobalWindow>).EventTime();
    }
}
