using Millrace.Runtime.Tasks;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>Owns the mailbox of operators that are looked at. It never runs: what they post is left lying.</summary>
internal sealed class ProbeActor : Actor
{
    public ProbeActor(TimeProvider time)
        : base(new NoScheduler(time), ActorPlacement.Shared)
    {
        Mailbox = new Mailbox(this);
    }

    public override string Description => "upgrade check";

    public Mailbox Mailbox { get; }

    protected override RunResult Run() => RunResult.Wait;

    private sealed class NoScheduler(TimeProvider time) : ITaskScheduler
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

        public string CaptureStack(Actor actor) => "";
    }
}
