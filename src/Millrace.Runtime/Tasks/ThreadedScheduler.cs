using System.Collections.Concurrent;
using Millrace.Runtime.Diagnostics;

namespace Millrace.Runtime.Tasks;

/// <summary>
/// Runs actors on threads of the engine's own: as many workers as cores, each with a queue, taking work from one another when theirs is empty;
/// a control thread for coordination; a thread for every actor that may block. Never the .NET thread pool.
/// </summary>
internal sealed class ThreadedScheduler : ITaskScheduler, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<WorkerThread> _all = [];
    private readonly ConcurrentDictionary<Actor, WorkerThread> _dedicated = new();
    private readonly BackgroundThreads _background;
    private WorkerThread[] _workers;
    private readonly WorkerThread _control;
    private int _next;
    private int _parked;
    private bool _disposed;

    public ThreadedScheduler(int workerThreads, TimeProvider timeProvider, string name = "millrace")
    {
        TimeProvider = timeProvider;
        Name = name;
        _background = new BackgroundThreads(name);
        _workers = new WorkerThread[workerThreads];
        for (int i = 0; i < workerThreads; i++)
        {
            _workers[i] = new WorkerThread(this, i, $"{name} worker {i}", steals: true);
        }

        _control = new WorkerThread(this, -1, $"{name} control", steals: false);
        _all.AddRange(_workers);
        _all.Add(_control);
        foreach (var worker in _all)
        {
            worker.Start();
        }
    }

    public TimeProvider TimeProvider { get; }

    public string Name { get; }

    public void Enqueue(Actor actor)
    {
        switch (actor.Placement)
        {
            case ActorPlacement.Control:
                _control.Push(actor);
                break;
            case ActorPlacement.Dedicated:
                DedicatedThread(actor).Push(actor);
                break;
            default:
                EnqueueShared(actor);
                break;
        }
    }

    public void RunInBackground(string description, Action work, Action<Exception?> done) => _background.Run(work, done);

    public void Cancel(CancellationTokenSource source) => _ = CancelAsync(source);

    public void Abandon(Actor actor)
    {
        lock (_lock)
        {
            int index = Array.FindIndex(_workers, worker => worker.Current == actor);
            if (index >= 0 && !_disposed)
            {
                // Copied, so that threads that look at the old array see a consistent one.
                var workers = (WorkerThread[])_workers.Clone();
                var lost = workers[index];
                workers[index] = new WorkerThread(this, index, $"{Name} worker {index}'", steals: true);
                _all.Add(workers[index]);
                _workers = workers;
                workers[index].Start();
                lost.GiveUp(workers[index]);
            }
            else if (_dedicated.TryRemove(actor, out var dedicated))
            {
                dedicated.GiveUp(null);
            }
        }
    }

    public string CaptureStack(Actor actor)
    {
        WorkerThread? thread;
        lock (_lock)
        {
            thread = _all.Find(worker => worker.Current == actor);
        }

        return thread is null ? "   (not running on any thread)" : ThreadStacks.Capture(thread.ManagedThreadId);
    }

    public void Dispose()
    {
        WorkerThread[] all;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            all = [.. _all];
        }

        _background.Dispose();
        foreach (var worker in all)
        {
            worker.Stop();
        }
    }

    private static async Task CancelAsync(CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException)
        {
            // A callback of user code threw. Cancellation goes on; the function itself reports what matters.
        }
    }

    private void EnqueueShared(Actor actor)
    {
        var workers = _workers;
        int index = WorkerThread.CurrentIndex(this);
        if (index < 0)
        {
            index = actor.LastWorker >= 0 ? actor.LastWorker : (int)((uint)Interlocked.Increment(ref _next) % (uint)workers.Length);
        }

        var target = workers[index % workers.Length];
        if (!target.Push(actor))
        {
            // The target is busy: somebody who sleeps may take the work from it.
            WakeThief();
        }
    }

    private WorkerThread DedicatedThread(Actor actor) => _dedicated.GetOrAdd(actor, static (key, self) =>
    {
        var thread = new WorkerThread(self, -1, $"{self.Name} {key.Description}", steals: false) { StopWhenDone = true };
        lock (self._lock)
        {
            self._all.Add(thread);
        }

        thread.Start();
        return thread;
    }, this);

    internal bool TrySteal(WorkerThread thief, out Actor? actor)
    {
        foreach (var worker in _workers)
        {
            if (worker != thief && worker.TryTake(out actor))
            {
                return true;
            }
        }

        actor = null;
        return false;
    }

    /// <summary>Wakes a worker that sleeps, if there is one, to take work from others.</summary>
    internal void WakeThief()
    {
        if (Volatile.Read(ref _parked) == 0)
        {
            return;
        }

        foreach (var worker in _workers)
        {
            if (worker.IsParked && worker.Unpark())
            {
                return;
            }
        }
    }

    internal bool AnyQueued() => Array.Exists(_workers, worker => worker.HasWork);

    internal void CountParked(int change) => Interlocked.Add(ref _parked, change);

    internal void Ended(WorkerThread thread, Actor? dedicatedTo)
    {
        lock (_lock)
        {
            _all.Remove(thread);
        }

        if (dedicatedTo is not null)
        {
            _dedicated.TryRemove(dedicatedTo, out _);
        }
    }
}
