using Millrace.Runtime.Tasks;

namespace Millrace.Testing.Simulation;

/// <summary>
/// A process of a simulated world: its actors and timers, which can be killed together, or stand still for a while. What it has sent before may still arrive.
/// </summary>
internal sealed class SimulatedProcess : ITaskScheduler
{
    private readonly SimulatedScheduler _world;
    private readonly List<Action> _held = [];
    private readonly ProcessClock _clock;

    public SimulatedProcess(SimulatedScheduler world, string name)
    {
        _world = world;
        Name = name;
        _clock = new ProcessClock(this, world.Time);
    }

    /// <summary>The world that it is in.</summary>
    public SimulatedScheduler World => _world;

    public string Name { get; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>Whether it stands still: alive, but nothing of it runs, as in a long garbage collection or on a suspended machine.</summary>
    public bool IsFrozen { get; private set; }

    public TimeProvider TimeProvider => _clock;

    /// <summary>How long work in the background waits before it begins, and again before its end is known; asked each time.</summary>
    public Func<TimeSpan>? BackgroundDelay { get; set; }

    /// <summary>Whether the clock on the wall differs from the world's, and by how much.</summary>
    public TimeSpan ClockOffset => _clock.Offset;

    public void Enqueue(Actor actor) => _world.Enqueue(actor, this);

    public void Cancel(CancellationTokenSource source) => source.Cancel();

    public void Abandon(Actor actor)
    {
    }

    public string CaptureStack(Actor actor) => _world.CaptureStack(actor);

    /// <summary>Does work as a step of its own after some time, and tells after some more how it went.</summary>
    /// <param name="description">The work, for people.</param>
    /// <param name="work">May block and throw.</param>
    /// <param name="done">Gets the error, if there was one.</param>
    public void RunInBackground(string description, Action work, Action<Exception?> done) => _world.RunInBackground(this, description, work, done);

    /// <summary>Ends the process at once: nothing of it runs any more.</summary>
    public void Kill()
    {
        IsAlive = false;
        _held.Clear();
        _world.Drop(this);
    }

    /// <summary>Lets it stand still.</summary>
    public void Freeze() => IsFrozen = true;

    /// <summary>Lets it go on: everything that fell due in the meantime happens now.</summary>
    public void Thaw()
    {
        IsFrozen = false;
        Action[] held = [.. _held];
        _held.Clear();
        foreach (var action in held)
        {
            action();
        }
    }

    /// <summary>Sets the clock on the wall forwards or backwards; time that is measured goes on as before.</summary>
    public void JumpClock(TimeSpan span) => _clock.Offset += span;

    /// <summary>Keeps something for when the process goes on.</summary>
    internal void Hold(Action action) => _held.Add(action);

    private sealed class ProcessClock(SimulatedProcess process, VirtualTimeProvider world) : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override long TimestampFrequency => world.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => world.GetUtcNow() + Offset;

        public override long GetTimestamp() => world.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer? timer = null;
            timer = world.CreateTimer(
                _ =>
                {
                    if (!process.IsAlive)
                    {
                        timer?.Dispose();
                    }
                    else if (process.IsFrozen)
                    {
                        process.Hold(() => callback(state));
                    }
                    else
                    {
                        callback(state);
                    }
                },
                null,
                dueTime,
                period);
            return timer;
        }
    }
}
