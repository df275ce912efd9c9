using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Tasks;

/// <summary>One thread of a <see cref="ThreadedScheduler"/>, with its run queue.</summary>
internal sealed class WorkerThread
{
    // About 20 µs: longer than a batch takes to come back from a neighbour, shorter than anybody notices on the CPU graph.
    private const int SpinsBeforePark = 60;

    [ThreadStatic]
    private static WorkerThread? _current;

    private readonly ThreadedScheduler _scheduler;
    private readonly bool _steals;
    private readonly Thread _thread;
    private readonly Queue<Actor> _queue = new();
    private readonly Lock _queueLock = new();
    private readonly SemaphoreSlim _signal = new(0);
    private int _queued;
    private int _parked;
    private volatile Actor? _running;
    private volatile bool _stop;
    private volatile WorkerThread? _successor;

    public WorkerThread(ThreadedScheduler scheduler, int index, string name, bool steals)
    {
        _scheduler = scheduler;
        Index = index;
        _steals = steals;
        _thread = new Thread(Loop) { IsBackground = true, Name = name };
    }

    public int Index { get; }

    /// <summary>Ends the thread when its one actor is done.</summary>
    public bool StopWhenDone { get; init; }

    public int ManagedThreadId => _thread.ManagedThreadId;

    public Actor? Current => _running;

    public bool IsParked => Volatile.Read(ref _parked) != 0;

    public bool HasWork => Volatile.Read(ref _queued) > 0;

    public static int CurrentIndex(ThreadedScheduler scheduler) => _current is { } worker && worker._scheduler == scheduler ? worker.Index : -1;

    public void Start() => _thread.Start();

    /// <summary>Queues an actor.</summary>
    /// <returns>Whether that woke the thread from its sleep.</returns>
    public bool Push(Actor actor)
    {
        WorkerThread? successor;
        lock (_queueLock)
        {
            successor = _successor;
            if (successor is null)
            {
                _queue.Enqueue(actor);
                Volatile.Write(ref _queued, _queue.Count);
            }
        }

        if (successor is not null)
        {
            return successor.Push(actor);
        }

        Interlocked.MemoryBarrier();
        return IsParked && Unpark();
    }

    public bool TryTake(out Actor? actor)
    {
        if (Volatile.Read(ref _queued) == 0)
        {
            actor = null;
            return false;
        }

        lock (_queueLock)
        {
            bool found = _queue.TryDequeue(out actor);
            Volatile.Write(ref _queued, _queue.Count);
            return found;
        }
    }

    public bool Unpark()
    {
        if (Interlocked.Exchange(ref _parked, 0) == 0)
        {
            return false;
        }

        _scheduler.CountParked(-1);
        _signal.Release();
        return true;
    }

    public void Stop()
    {
        _stop = true;
        Unpark();
    }

    /// <summary>The thread does not come back from user code: what is queued here, now and later, goes to another.</summary>
    public void GiveUp(WorkerThread? successor)
    {
        Actor[] left;
        lock (_queueLock)
        {
            left = [.. _queue];
            _queue.Clear();
            Volatile.Write(ref _queued, 0);
            _successor = successor;
        }

        _stop = true;
        foreach (var actor in left)
        {
            successor?.Push(actor);
        }
    }

    private void Loop()
    {
        _current = this;
        Actor? last = null;
        while (!_stop)
        {
            if (!RunNext(ref last))
            {
                Park();
            }
            else if (last is { IsStopped: true })
            {
                break;
            }
        }

        _scheduler.Ended(this, last);
    }

    /// <summary>Runs an actor once, if there is one.</summary>
    /// <remarks>In a frame of its own, which is gone while the thread waits: a thread that has nothing to do must not keep the last actor alive, and with it the program that it came from.</remarks>
    /// <param name="last">The actor, where the thread is for it alone.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RunNext(ref Actor? last)
    {
        if (!TryNext(out var actor))
        {
            return false;
        }

        last = StopWhenDone ? actor : null;
        actor!.LastWorker = Index;
        _running = actor;
        bool again = actor.RunOnce();
        _running = null;
        if (again)
        {
            (_stop && _successor is { } successor ? successor : this).Push(actor);
            if (_steals && Volatile.Read(ref _queued) > 1)
            {
                // Actors that only yield are woken by nobody: without this, somebody who sleeps would never hear of them.
                _scheduler.WakeThief();
            }
        }

        return true;
    }

    private bool TryNext(out Actor? actor) => TryTake(out actor) || (_steals && _scheduler.TrySteal(this, out actor));

    private void Park()
    {
        var spin = default(SpinWait);
        for (int i = 0; i < SpinsBeforePark; i++)
        {
            if (_stop || HasWork || (_steals && _scheduler.AnyQueued()))
            {
                return;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }

        Interlocked.Exchange(ref _parked, 1);
        _scheduler.CountParked(1);

        // Looked at again after announcing the park: who queues after this sees the announcement.
        if (_stop || HasWork || (_steals && _scheduler.AnyQueued()))
        {
            if (Interlocked.Exchange(ref _parked, 0) != 0)
            {
                _scheduler.CountParked(-1);
                return;
            }
        }

        _signal.Wait();
    }
}
