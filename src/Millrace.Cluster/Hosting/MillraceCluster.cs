using System.Text.Json;
using Millrace.Checkpointing;
using Millrace.Cluster.Coordination;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Hosting;

/// <summary>Asks the coordinators of jobs, wherever they are.</summary>
internal sealed class MillraceCluster(IGrainFactory grains, IClusterView view, IJobMasterFactory factory) : IMillraceCluster
{
    public ClusterWorker Me => ToPublic(view.Current.Me);

    public IReadOnlyList<ClusterWorker> Workers => [.. view.Current.Workers.Select(ToPublic)];

    public IReadOnlyList<string> Jobs => factory.Jobs;

    public async Task<IReadOnlyList<ClusterWorkerSlots>> GetSlotsAsync(CancellationToken cancellationToken = default)
    {
        SlotUse[] uses;
        try
        {
            string json = await grains.GetGrain<ISlotLedgerGrain>(GrainSlotLedger.Key).GetUseAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            uses = JsonSerializer.Deserialize(json, SlotLedgerFormat.Default.SlotUseArray)!;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new MillraceException("MR6004", $"The slot ledger of the cluster did not answer: {error.Message} Ask again.", error);
        }

        return [.. Workers.Select(worker => new ClusterWorkerSlots(worker, uses.Where(use => use.Worker == worker.Id).ToDictionary(use => use.Job, use => use.Slots)))];
    }

    public async Task<ClusterJobStatus> GetStatusAsync(string job, CancellationToken cancellationToken = default)
    {
        string name = Find(job);
        string json = await AskAsync(name, grain => grain.GetStatusAsync(), cancellationToken).ConfigureAwait(false);
        var status = JsonSerializer.Deserialize(json, JobRecordFormat.Default.JobMasterStatus)!;
        return new ClusterJobStatus(
            name,
            status.State,
            status.Term,
            status.Parallelism,
            [.. status.Subtasks.Select(subtask => new ClusterSubtask(subtask.Name, subtask.State, subtask.Worker))],
            status.Waiting,
            status.Restarts,
            status.LastCheckpoint,
            status.LastFailure)
        {
            Tasks =
            [
                .. status.Tasks.Select(task => new ClusterTask(task.Name, task.Parallelism, task.RecordsIn, task.RecordsOut, task.Busy, task.Backpressured, task.Watermark) { PendingRecords = task.Pending }),
            ],
            Decisions = [.. status.Decisions.Select(decision => new ClusterDecision(decision.Time, decision.Decision))],
        };
    }

    public Task CancelAsync(string job, CancellationToken cancellationToken = default) => AskAsync(Find(job), grain => grain.CancelAsync(), cancellationToken);

    public Task StartAgainAsync(string job, CancellationToken cancellationToken = default) => AskAsync(Find(job), grain => grain.StartAgainAsync(), cancellationToken);

    public Task<string> TriggerCheckpointAsync(string job, CancellationToken cancellationToken = default) =>
        AskAsync(Find(job), grain => grain.TriggerCheckpointAsync(), cancellationToken);

    public Task<string> TriggerSavepointAsync(string job, string folder, SavepointFormat format = SavepointFormat.Canonical, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return AskAsync(Find(job), grain => grain.TriggerSavepointAsync(folder, (int)format), cancellationToken);
    }

    public Task<string> StopWithSavepointAsync(
        string job, string folder, bool drain = false, SavepointFormat format = SavepointFormat.Canonical, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return AskAsync(Find(job), grain => grain.StopWithSavepointAsync(folder, drain, (int)format), cancellationToken);
    }

    public Task RescaleAsync(string job, int parallelism, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parallelism, 1);
        return AskAsync(Find(job), grain => grain.RescaleAsync(parallelism), cancellationToken);
    }

    private static ClusterWorker ToPublic(WorkerInfo worker) => new(worker.Id, worker.Name, worker.Host, worker.Port, worker.Slots);

    private string Find(string job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return factory.Jobs.FirstOrDefault(name => string.Equals(name, job, StringComparison.OrdinalIgnoreCase)) ?? throw new KeyNotFoundException(JobGrain.UnknownJob(job, factory.Jobs));
    }

    private async Task<string> AskAsync(string job, Func<IJobGrain, Task<GrainReply>> ask, CancellationToken cancellationToken)
    {
        GrainReply reply;
        try
        {
            reply = await ask(grains.GetGrain<IJobGrain>(job)).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not (OperationCanceledException or MillraceException))
        {
            throw new MillraceException(
                "MR6004",
                $"The coordinator of the job '{job}' did not answer: {error.Message} What was asked for may have been done or not; look at the job's status, and ask again.",
                error);
        }

        return reply.ValueOrThrow();
    }
}
