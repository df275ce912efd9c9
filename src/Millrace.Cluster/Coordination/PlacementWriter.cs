using Microsoft.Extensions.Logging;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Coordination;

/// <summary>Writes where the subtasks of a job run, in the background and one after the other: of what comes while one is being written, the newest is next.</summary>
internal sealed class PlacementWriter(string job, ITaskScheduler scheduler, ILogger logger)
{
    private readonly Lock _lock = new();
    private Action? _next;
    private TaskCompletionSource? _writing;

    /// <summary>Complete when nothing is being written.</summary>
    public Task Completion
    {
        get
        {
            lock (_lock)
            {
                return _writing?.Task ?? Task.CompletedTask;
            }
        }
    }

    /// <summary>Has something written, soon.</summary>
    public void Write(Action write)
    {
        lock (_lock)
        {
            if (_writing is not null)
            {
                _next = write;
                return;
            }

            _writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        Start(write);
    }

    private void Start(Action write) => scheduler.RunInBackground($"writing where subtasks of job '{job}' run", write, Written);

    private void Written(Exception? error)
    {
        if (error is not null)
        {
            Log.PlacementNotWritten(logger, error, job);
        }

        Action? next;
        lock (_lock)
        {
            (next, _next) = (_next, null);
            if (next is null)
            {
                _writing!.SetResult();
                _writing = null;
            }
        }

        if (next is not null)
        {
            Start(next);
        }
    }
}
