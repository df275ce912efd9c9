using System.Diagnostics;

namespace Millrace.Runtime.Tasks;

/// <summary>What an actor wants after a run.</summary>
internal enum RunResult
{
    /// <summary>There is more to do: run again after others had their turn.</summary>
    Yield,

    /// <summary>Nothing to do until somebody wakes it.</summary>
    Wait,

    /// <summary>Never again.</summary>
    Done,
}

/// <summary>Which threads run an actor.</summary>
internal enum ActorPlacement
{
    /// <summary>The worker threads, as many as cores.</summary>
    Shared,

    /// <summary>A thread of its own, because user code blocks.</summary>
    Dedicated,

    /// <summary>The control thread, which never runs user code on the data path.</summary>
    Control,
}

/// <summary>
/// A single-threaded state machine that is run by a scheduler when somebody has woken it. Runs of one actor never overlap, and what a run
/// wrote is visible to the next.
/// </summary>
internal abstract class Actor
{
    private const int Idle = 0;
    private const int Queued = 1;
    private const int Running = 2;
    private const int RunningAndWoken = 3;
    private const int Stopped = 4;

    private int _state;

    protected Actor(ITaskScheduler scheduler, ActorPlacement placement)
    {
        Scheduler = scheduler;
        Placement = placement;
    }

    public ITaskScheduler Scheduler { get; }

    public ActorPlacement Placement { get; }

    /// <summary>What the actor is, for thread names and logs.</summary>
    public abstract string Description { get; }

    /// <summary>The queue that ran the actor last; for the scheduler alone.</summary>
    internal int LastWorker { get; set; } = -1;

    /// <summary>Whether the actor is done for good.</summary>
    public bool IsStopped => Volatile.Read(ref _state) == Stopped;

    /// <summary>Has the actor run, soon and at least once after this call. Safe to call from any thread.</summary>
    public void Wake()
    {
        // The waker has published what the actor is to see; without the barrier its write could still be on the way when the state is
        // read, and an actor on its way to sleep would miss it.
        Interlocked.MemoryBarrier();
        while (true)
        {
            int state = Volatile.Read(ref _state);
            switch (state)
            {
                case Idle:
                    if (Interlocked.CompareExchange(ref _state, Queued, Idle) == Idle)
                    {
                        Scheduler.Enqueue(this);
                        return;
                    }

                    break;
                case Running:
                    if (Interlocked.CompareExchange(ref _state, RunningAndWoken, Running) == Running)
                    {
                        return;
                    }

                    break;
                default:
                    return;
            }
        }
    }

    /// <summary>Runs the actor once. Called by the scheduler for an actor that it took from its queue.</summary>
    /// <returns>Whether the actor goes back into the queue.</returns>
    internal bool RunOnce()
    {
        Debug.Assert(Volatile.Read(ref _state) == Queued, "Only a queued actor is run.");
        Interlocked.Exchange(ref _state, Running);
        var result = Run();
        if (result == RunResult.Done)
        {
            Interlocked.Exchange(ref _state, Stopped);
            return false;
        }

        if (result == RunResult.Wait && Interlocked.CompareExchange(ref _state, Idle, Running) == Running)
        {
            return false;
        }

        Interlocked.Exchange(ref _state, Queued);
        return true;
    }

    /// <summary>Works for at most about a quantum. Must not throw.</summary>
    protected abstract RunResult Run();
}
