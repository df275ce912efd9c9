using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <content>What it shows of its subtasks to those who ask in this process.</content>
internal sealed partial class JobWorker
{
    private readonly DateTimeOffset _startedAt;
    private readonly long _startTimestamp;
    private IReadOnlyDictionary<SubtaskId, Subtask> _running = new Dictionary<SubtaskId, Subtask>();

    /// <summary>Whether its subtasks are published as metrics of this process.</summary>
    public bool PublishesMetrics { get; init; }

    JobGraph IRunningSubtasks.Job => _built!.Graph;

    IReadOnlyDictionary<SubtaskId, Subtask> IRunningSubtasks.Subtasks => Volatile.Read(ref _running);

    long IRunningSubtasks.Now => (_startedAt + Scheduler.TimeProvider.GetElapsedTime(_startTimestamp)).ToUnixTimeMilliseconds();

    // Those that have ended are not among them: they may run elsewhere by now, and would be counted twice.
    private void Publish() => Volatile.Write(
        ref _running, _all.Where(made => _subtasks.GetValueOrDefault(made.Subtask.Id) == made).ToDictionary(made => made.Subtask.Id, made => made.Subtask));
}
