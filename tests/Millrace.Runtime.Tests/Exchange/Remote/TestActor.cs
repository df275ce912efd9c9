using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>Does a step whenever it is woken, and keeps the error that ended it.</summary>
internal sealed class TestActor : Actor
{
    public TestActor(ITaskScheduler scheduler)
        : base(scheduler, ActorPlacement.Shared)
    {
        Mailbox = new Mailbox(this);
    }

    public override string Description => "test actor";

    public Mailbox Mailbox { get; }

    /// <summary>Returns whether there is more to do at once.</summary>
    public Func<bool> Step { get; set; } = () => false;

    public int Runs { get; private set; }

    public Exception? Error { get; private set; }

    protected override RunResult Run()
    {
        Runs++;
        try
        {
            Mailbox.Drain();
            return Step() ? RunResult.Yield : RunResult.Wait;
        }
        catch (Exception error)
        {
            Error = error;
            return RunResult.Done;
        }
    }
}
