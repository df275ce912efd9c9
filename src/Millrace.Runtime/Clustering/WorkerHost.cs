using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <summary>All that a process runs for coordinators: one <see cref="JobWorker"/> for each job, that of the greatest term. Safe for use by several threads.</summary>
/// <param name="me">This worker; asked when the first coordinator connects.</param>
/// <param name="jobs">Builds jobs.</param>
/// <param name="scheduler">Runs subtasks.</param>
/// <param name="loggers">Makes loggers.</param>
internal sealed class WorkerHost(Func<WorkerInfo> me, IJobBuilder jobs, ITaskScheduler scheduler, ILoggerFactory loggers) : IControlAcceptor
{
    private const int MostTerms = 1_000;

    private readonly ILogger _logger = loggers.CreateLogger("Millrace.Worker");
    private readonly Lock _gate = new();
    private readonly Dictionary<string, JobWorker> _leading = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _terms = new(StringComparer.Ordinal);
    private readonly Queue<string> _remembered = new();
    private readonly HashSet<JobWorker> _all = [];
    private readonly WorkerSlots _slots = new();
    private TaskCompletionSource? _idle;
    private bool _isClosing;

    /// <summary>Connects workers; set before the first coordinator connects.</summary>
    public IDataPlane DataPlane { get; set; } = null!;

    /// <summary>Whether what its subtasks count is published as metrics of this process.</summary>
    public bool PublishesMetrics { get; init; }

    /// <summary>The copies of what subtasks write for checkpoints on this disk; null where none are kept.</summary>
    public LocalCopies? Copies { get; init; }

    public string? Accept(ControlConnectionKey key, WorkerInfo coordinator, IDataConnection connection)
    {
        // Whether a job that is none of this process's own can be had here is known with the first order.
        if (!jobs.Names.Contains(key.JobName) && !jobs.TakesPrograms)
        {
            return ClusterErrors.UnknownJob(key.JobName, jobs.Names).Message;
        }

        JobWorker worker;
        JobWorker? before;
        lock (_gate)
        {
            long known = _terms.GetValueOrDefault(key.JobId);
            if (_isClosing || key.Term < known)
            {
                string why = _isClosing ? "This worker is leaving the cluster." : ClusterErrors.Superseded(key.JobName, key.Term, known).Message;
                Log.CoordinatorRefused(_logger, key.JobName, key.Term, why);
                return why;
            }

            RememberTerm(key.JobId, key.Term);
            before = _leading.GetValueOrDefault(key.JobId);
            worker = new JobWorker(key, me(), coordinator, connection, DataPlane, jobs, scheduler, loggers, _slots, Ended) { Copies = Copies, PublishesMetrics = PublishesMetrics };
            _leading[key.JobId] = worker;
            _all.Add(worker);
        }

        // Of an earlier term, or of an earlier connection of the same: its subtasks are of no use any more.
        before?.End(key.Term > before.Term ? ClusterErrors.Superseded(key.JobName, before.Term, key.Term) : new IOException("The coordinator has connected anew."));
        worker.Start();
        return null;
    }

    /// <summary>
    /// Takes no coordinator any more, and asks those on other workers to go on without this one: they take a checkpoint first, so that nothing has to be done again. Those on this worker leave by themselves.
    /// </summary>
    /// <param name="patience">How long they have.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task LeaveAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        List<JobWorker> elsewhere;
        lock (_gate)
        {
            _isClosing = true;
            elsewhere = [.. _all.Where(worker => worker.Coordinator.Id != me().Id)];
        }

        foreach (var worker in elsewhere)
        {
            worker.Leave();
        }

        await Task.WhenAll(elsewhere.Select(worker => worker.Completion)).WaitAsync(patience, scheduler.TimeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Takes no coordinator any more, cancels all subtasks, and waits for their end.</summary>
    public Task CloseAsync()
    {
        List<JobWorker> all;
        Task idle;
        lock (_gate)
        {
            _isClosing = true;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            all = [.. _all];
            if (all.Count == 0)
            {
                _idle.TrySetResult();
            }

            idle = _idle.Task;
        }

        foreach (var worker in all)
        {
            worker.End(new IOException("The worker is leaving the cluster."));
        }

        return idle;
    }

    /// <summary>Remembers which term leads a job. Not of all jobs that ever ran here: those that are submitted are without number. A coordinator of one that is forgotten can still commit nothing, for its epoch is over.</summary>
    private void RememberTerm(string job, long term)
    {
        if (!_terms.ContainsKey(job))
        {
            _remembered.Enqueue(job);
        }

        _terms[job] = term;
        for (int looked = _remembered.Count; _terms.Count > MostTerms && looked > 0; looked--)
        {
            string oldest = _remembered.Dequeue();
            if (_leading.ContainsKey(oldest))
            {
                _remembered.Enqueue(oldest);
            }
            else
            {
                _terms.Remove(oldest);
            }
        }
    }

    private void Ended(JobWorker worker)
    {
        lock (_gate)
        {
            _all.Remove(worker);
            foreach (var (job, leading) in _leading)
            {
                if (leading == worker)
                {
                    _leading.Remove(job);
                    break;
                }
            }

            if (_all.Count == 0)
            {
                _idle?.TrySetResult();
            }
        }
    }
}
