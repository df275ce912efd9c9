using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Tasks;

/// <summary>
/// The engine's threads for work that may block: reading and writing checkpoints. As many as there is work for, up to four; those of one process are
/// shared by its jobs. Not the thread pool, which belongs to the user.
/// </summary>
internal sealed class BackgroundThreads(string name) : IDisposable
{
    private const int MaxThreads = 4;
    private readonly BlockingCollection<(Action Work, Action<Exception?> Done)> _work = [];
    private int _threads;
    private int _waiting;

    /// <summary>Does work on one of the threads. Behind <see cref="Dispose"/> nothing is done any more, and <paramref name="done"/> is told so at once.</summary>
    public void Run(Action work, Action<Exception?> done)
    {
        if (TryAdd(work, done))
        {
            if (Interlocked.Increment(ref _waiting) > Volatile.Read(ref _threads))
            {
                StartThread();
            }

            return;
        }

        // What follows the last work of a job comes from these threads themselves: an exception would end the process.
        done(new OperationCanceledException("The engine's threads have ended."));
    }

    /// <summary>Ends the threads when they have done what they were given.</summary>
    public void Dispose() => _work.CompleteAdding();

    private bool TryAdd(Action work, Action<Exception?> done)
    {
        try
        {
            // Asked first only because it is cheaper: it may end in between.
            return !_work.IsAddingCompleted && _work.TryAdd((work, done));
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private void StartThread()
    {
        int number = Interlocked.Increment(ref _threads);
        if (number > MaxThreads)
        {
            Interlocked.Decrement(ref _threads);
            return;
        }

        // A large stack is not needed; being in the background is: a process that wants to end does not wait for a slow storage.
        new Thread(Work) { IsBackground = true, Name = $"{name} io {number - 1}" }.Start();
    }

    private void Work()
    {
        while (RunNext())
        {
        }
    }

    /// <summary>Waits for work and does it; false when there is none any more.</summary>
    /// <remarks>In a frame of its own: a thread that waits must not keep the last work alive, and with it the program that it was done for.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RunNext()
    {
        if (!_work.TryTake(out var next, Timeout.Infinite))
        {
            return false;
        }

        Exception? error = null;
        try
        {
            next.Work();
        }
        catch (Exception cause)
        {
            error = cause;
        }

        next.Done(error);
        Interlocked.Decrement(ref _waiting);
        return true;
    }
}
