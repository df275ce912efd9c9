namespace Millrace.Runtime.Tasks;

/// <summary>Owns the mailbox of operators that no scheduler runs: of those under test, which the test drains, and of those that are only looked at. It never runs.</summary>
internal sealed class IdleActor : Actor
{
    /// <param name="description">What it is, for people.</param>
    /// <param name="time">The clock.</param>
    public IdleActor(string description, TimeProvider time)
        : base(new NoScheduler(time), ActorPlacement.Shared)
    {
        Description = description;
        Mailbox = new Mailbox(this);
    }

    public override string Description { get; }

    public Mailbox Mailbox { get; }

    protected override RunResult Run() => RunResult.Wait;

    /// <summary>Runs nothing, but what is to run in the background at once.</summary>
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

        public string CaptureStack(Actor actor) => $"   ({actor.Description})";
    }
}
