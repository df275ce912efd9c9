using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Exchange;

/// <summary>An actor that does what a test says.</summary>
internal sealed class TestActor(ITaskScheduler scheduler, Func<TestActor, RunResult> run, ActorPlacement placement = ActorPlacement.Shared) : Actor(scheduler, placement)
{
    public override string Description => "test actor";

    protected override RunResult Run() => run(this);
}
