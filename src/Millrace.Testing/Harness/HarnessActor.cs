using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Testing;

/// <summary>Owns the mailbox of a harness, which the harness itself drains.</summary>
internal sealed class HarnessActor : Actor
{
    public HarnessActor(VirtualTimeProvider time)
        : base(new NoScheduler(time), ActorPlacement.Shared)
    {
        Mailbox = new Mailbox(this);
    }

    public override string Description => "harness";

    public Mailbox Mailbox { get; }

    protected override RunResult Run() => RunResult.Wait;

    private sealed class NoScheduler(VirtualTimeProvider time) : ITaskScheduler
    {
        public TimeProvider TimeProvider => time;

        public void Enqueue(Actor actor)
        {
        }

        public void Cancel(CancellationTokenSource source) => source.Cancel();

        public void Abandon(Actor actor)
        {
        }

        public void RunInBackground(string description, Action work, Action<Exception?> done)
        {
            work();
            done(null);
        }

        public string CaptureStack(Actor actor) => "   (harness)";
    }
}
