namespace Millrace.Runtime.Tasks;

/// <summary>
/// The threads that all jobs of a process share: as many workers as processors, started with the first job and stopped with the last. A job with a
/// clock of its own gets threads of its own.
/// </summary>
internal static class EngineThreads
{
    private static readonly Lock Gate = new();
    private static ThreadedScheduler? _shared;
    private static int _users;

    public static Lease Acquire(TimeProvider timeProvider)
    {
        if (timeProvider != TimeProvider.System)
        {
            return new Lease(new ThreadedScheduler(Environment.ProcessorCount, timeProvider), isShared: false);
        }

        lock (Gate)
        {
            _shared ??= new ThreadedScheduler(Environment.ProcessorCount, timeProvider);
            _users++;
            return new Lease(_shared, isShared: true);
        }
    }

    private static void Release()
    {
        ThreadedScheduler? unused = null;
        lock (Gate)
        {
            if (--_users == 0)
            {
                unused = _shared;
                _shared = null;
            }
        }

        unused?.Dispose();
    }

    /// <summary>One job's use of the threads.</summary>
    public sealed class Lease(ThreadedScheduler scheduler, bool isShared) : IDisposable
    {
        private int _disposed;

        public ThreadedScheduler Scheduler => scheduler;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
            {
                return;
            }

            if (isShared)
            {
                Release();
            }
            else
            {
                scheduler.Dispose();
            }
        }
    }
}
