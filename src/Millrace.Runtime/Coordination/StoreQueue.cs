using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>Work on the checkpoint store, in the background and one piece after the other: whoever looks for the latest checkpoint sees the one that was just being completed.</summary>
internal sealed class StoreQueue(ITaskScheduler scheduler)
{
    private readonly Lock _lock = new();
    private readonly Queue<(string Description, Action Work, Action<Exception?> Done)> _waiting = new();
    private bool _busy;

    /// <summary>Does work when all before it is done. Safe to call from any thread.</summary>
    public void Enqueue(string description, Action work, Action<Exception?> done)
    {
        lock (_lock)
        {
            _waiting.Enqueue((description, work, done));
            if (_busy)
            {
                return;
            }

            _busy = true;
        }

        RunNext();
    }

    private void RunNext()
    {
        (string Description, Action Work, Action<Exception?> Done) next;
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out next))
            {
                _busy = false;
                return;
            }
        }

        scheduler.RunInBackground(next.Description, next.Work, error =>
        {
            next.Done(error);
            RunNext();
        });
    }
}
