using System.Text.Json;
using Millrace.Checkpointing;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Session;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Hosting;

/// <summary>Asks the coordinators of jobs, wherever they are.</summary>
/// <param name="grains">Reaches them.</param>
/// <param name="view">Who is alive.</param>
/// <param name="factory">The names of the host's own jobs.</param>
/// <param name="records">The records of jobs.</param>
/// <param name="submitted">The jobs that were submitted.</param>
/// <param name="time">The clock.</param>
internal sealed class MillraceCluster(IGrainFactory grains, IClusterView view, IJobMasterFactory factory, IJobRecordStore records, SubmittedJobs submitted, TimeProvider time) : IMillraceCluster
{
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DeliveryPause = TimeSpan.FromMilliseconds(200);

    public ClusterWorker Me => ToPublic(view.Current.Me);

    public IReadOnlyList<ClusterWorker> Workers => [.. view.Current.Workers.Select(ToPublic)];

    public IReadOnlyList<string> Jobs => [.. factory.Jobs, .. submitted.Current.Select(static job => job.Job)];

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
        string name = await FindAsync(job, cancellationToken).ConfigureAwait(false);
        var status = factory.Jobs.Contains(name) ? await AskForStatusAsync(name, cancellationToken).ConfigureAwait(false) : await StatusOfSubmittedAsync(name, cancellationToken).ConfigureAwait(false);
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
                .. status.Tasks.Select(task => new ClusterTask(task.Name, task.Parallelism, task.RecordsIn, task.RecordsOut, task.Busy, task.Backpressured, task.Watermark)
                {
                    PendingRecords = task.Pending,
                    Bounds = task.Bounds ?? default,
                }),
            ],
            WantedSlots = status.WantedSlots,
            Decisions = [.. status.Decisions.Select(decision => new ClusterDecision(decision.Time, decision.Decision))],
        };
    }

    public Task CancelAsync(string job, CancellationToken cancellationToken = default) => AskAsync(job, grain => grain.CancelAsync(), cancellationToken);

    public Task StartAgainAsync(string job, CancellationToken cancellationToken = default) => AskAsync(job, grain => grain.StartAgainAsync(), cancellationToken);

    public Task<string> TriggerCheckpointAsync(string job, CancellationToken cancellationToken = default) =>
        AskAsync(job, grain => grain.TriggerCheckpointAsync(), cancellationToken);

    public Task<string> TriggerSavepointAsync(string job, string folder, SavepointFormat format = SavepointFormat.Canonical, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return AskAsync(job, grain => grain.TriggerSavepointAsync(folder, (int)format), cancellationToken);
    }

    public Task<string> StopWithSavepointAsync(
        string job, string folder, bool drain = false, SavepointFormat format = SavepointFormat.Canonical, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return AskAsync(job, grain => grain.StopWithSavepointAsync(folder, drain, (int)format), cancellationToken);
    }

    public Task RescaleAsync(string job, int parallelism, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parallelism, 1);
        return AskAsync(job, grain => grain.RescaleAsync(parallelism), cancellationToken);
    }

    public Task SetParallelismBoundsAsync(string job, IReadOnlyDictionary<string, ParallelismBounds> bounds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        string text = JobRecordFormat.Write(bounds);
        return AskAsync(job, grain => grain.SetParallelismBoundsAsync(text), cancellationToken);
    }

    private static ClusterWorker ToPublic(WorkerInfo worker) => new(worker.Id, worker.Name, worker.Host, worker.Port, worker.Slots);

    private async Task<string> FindAsync(string job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (Find(factory.Jobs, job) is { } own)
        {
            return own;
        }

        if (!factory.TakesPrograms)
        {
            throw new KeyNotFoundException(JobGrain.UnknownJob(job, factory.Jobs));
        }

        // It may have been submitted at another worker, a moment ago.
        return Find(submitted.Current.Select(static other => other.Job), job)
            ?? Find((await submitted.LookAsync(cancellationToken).ConfigureAwait(false)).Select(static other => other.Job), job)
            ?? throw new KeyNotFoundException(JobGrain.UnknownJob(job, Jobs));
    }

    private static string? Find(IEnumerable<string> jobs, string job) => jobs.FirstOrDefault(name => string.Equals(name, job, StringComparison.OrdinalIgnoreCase));

    private async Task<JobMasterStatus> AskForStatusAsync(string job, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(await AskNamedAsync(job, grain => grain.GetStatusAsync(), cancellationToken).ConfigureAwait(false), JobRecordFormat.Default.JobMasterStatus)!;

    // Of one that has ended there is no coordinator, and none is to be made for a question.
    private async Task<JobMasterStatus> StatusOfSubmittedAsync(string job, CancellationToken cancellationToken)
    {
        var (record, _) = await records.ReadAsync(job, cancellationToken).ConfigureAwait(false);
        if (record.End is not null)
        {
            return JobMasterStatus.Of(record);
        }

        var status = await AskForStatusAsync(job, cancellationToken).ConfigureAwait(false);

        // One that ended under the same name before, and has not quite left, may have answered: its end is not this one's.
        return status.State is JobState.Finished or JobState.Failed or JobState.Canceled ? JobMasterStatus.Of((await records.ReadAsync(job, cancellationToken).ConfigureAwait(false)).Record) : status;
    }

    private async Task<string> AskAsync(string job, Func<IJobGrain, Task<GrainReply>> ask, CancellationToken cancellationToken) =>
        await AskNamedAsync(await FindAsync(job, cancellationToken).ConfigureAwait(false), ask, cancellationToken).ConfigureAwait(false);

    private async Task<string> AskNamedAsync(string job, Func<IJobGrain, Task<GrainReply>> ask, CancellationToken cancellationToken)
    {
        GrainReply reply;
        try
        {
            reply = await AskUntilDeliveredAsync(() => ask(grains.GetGrain<IJobGrain>(job)), cancellationToken).ConfigureAwait(false);
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

    // After the loss of a worker, others send what is for its coordinator there until they know better. What could not be delivered was not done, and may be sent again.
    private async Task<GrainReply> AskUntilDeliveredAsync(Func<Task<GrainReply>> ask, CancellationToken cancellationToken)
    {
        long since = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ask().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OrleansMessageRejectionException) when (time.GetElapsedTime(since) < DeliveryPatience)
            {
            }

            await Task.Delay(DeliveryPause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
