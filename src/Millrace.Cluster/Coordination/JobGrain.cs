using System.Text.Json;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Cluster.Hosting;
using Millrace.Runtime.Clustering;
using Orleans.Concurrency;

// What runs in a grain comes back to the grain's own scheduler after each await.
#pragma warning disable CA2007

namespace Millrace.Cluster.Coordination;

/// <summary>
/// Holds the coordinator of a job. Orleans sees to it that there is one, most of the time; that an older one does no harm is the work of the term, which this one raises in the store before its
/// coordinator does anything.
/// </summary>
/// <remarks>Calls interleave, so that a savepoint of minutes does not keep away the calls that ask whether it is alive. They run one at a time between two awaits; writes of the record wait for each other.</remarks>
[KeepAlive, Reentrant]
internal sealed class JobGrain(IJobMasterFactory factory, IJobRecordStore store, IClusterView cluster, IDataPlaneHost dataPlane, LocalCoordinators here, TimeProvider time, ILogger<JobGrain> logger) : Grain, IJobGrain
{
    // How often it looks whether another one has come after it. It is only to end sooner: the other's term keeps it from doing harm.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StorePause = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private JobRecord _record = JobRecord.New;
    private string? _etag;
    private IJobMaster? _master;
    private Task _watching = Task.CompletedTask;
    private Func<TimeSpan, Task>? _handOver;
    private long _looked;

    private string Job => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ActivateAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException && error.GetType() != typeof(MillraceException))
        {
            // Of a store, or of any other part. Its type may be one that is not known where the question came from.
            throw error is MillraceException known
                ? new MillraceException(known.Code, known.Words, known)
                : new MillraceException("MR6004", $"The coordinator of the job '{Job}' could not start: {error.Message}", error);
        }
    }

    private async Task ActivateAsync(CancellationToken cancellationToken)
    {
        (_record, _etag) = await store.ReadAsync(Job, cancellationToken);
        bool isOwn = factory.Jobs.Contains(Job);
        if (!isOwn && (_record.Program is null || !factory.TakesPrograms))
        {
            throw new MillraceException("MR6005", UnknownJob(Job, factory.Jobs));
        }

        if (isOwn && _record.Program is not null)
        {
            // A new version of the workers' program, with a job that was submitted before: one of them would take the other's checkpoints.
            throw new MillraceException("MR6025", $"The program of the workers has a job '{Job}', and one was submitted under that name. Cancel it, or wait for its end, and delete it; the workers' own starts then.");
        }

        if (_record.End is null)
        {
            await StartAsync(again: false, cancellationToken);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_handOver is { } handOver)
        {
            here.Remove(Job, handOver);
        }

        if (_master is not null)
        {
            await LeaveAsync(TimeSpan.Zero, reason.ReasonCode.ToString());
        }

        await _watching;
        _stop.Dispose();
    }

    public async Task<GrainPulse> PulseAsync()
    {
        if (time.GetElapsedTime(_looked) > LookInterval)
        {
            _looked = time.GetTimestamp();
            await LookAsync();
        }

        LeaveWhenOver();
        return new GrainPulse(_record.Term, (int?)_record.End);
    }

    public Task<GrainReply> GetStatusAsync()
    {
        LeaveWhenOver();
        return Task.FromResult(new GrainReply(JsonSerializer.Serialize(Status, JobRecordFormat.Default.JobMasterStatus)));
    }

    public Task<GrainReply> CancelAsync() => RunAsync(master =>
    {
        master.Cancel();
        return Task.FromResult("");
    });

    public Task<GrainReply> StartAgainAsync() => AnswerAsync(async () =>
    {
        await StartAsync(again: true, CancellationToken.None);
        return "";
    });

    public Task<GrainReply> TriggerCheckpointAsync() => RunAsync(static master => master.TriggerCheckpointAsync());

    public Task<GrainReply> TriggerSavepointAsync(string folder, int format) => RunAsync(master => master.TriggerSavepointAsync(folder, (SavepointFormat)format));

    public Task<GrainReply> StopWithSavepointAsync(string folder, bool drain, int format) => RunAsync(master => master.StopWithSavepointAsync(folder, drain, (SavepointFormat)format));

    public Task<GrainReply> RescaleAsync(int parallelism) => RunAsync(async master =>
    {
        // First into the store: should this coordinator die in between, the next one goes on with it.
        await WriteAsync(record => record with { Parallelism = parallelism, Tasks = null }, CancellationToken.None);
        await master.RescaleAsync(parallelism);
        return "";
    });

    public Task<GrainReply> SetParallelismBoundsAsync(string bounds) => RunAsync(async master =>
    {
        var found = master.FindTasks(JobRecordFormat.ReadBounds(bounds));
        await WriteAsync(record => record with { Bounds = found.Count == 0 ? null : found }, CancellationToken.None);
        await master.SetParallelismBoundsAsync(found);
        return "";
    });

    public static string UnknownJob(string job, IReadOnlyList<string> known) =>
        $"There is no job called '{job}' in this cluster; {(known.Count == 0 ? "it has none at all: add one with AddMillrace().AddJob, or submit one." : $"it has {string.Join(", ", known.Select(name => $"'{name}'"))}.")}";

    private JobMasterStatus Status => _master is { } master && _record.End is null
        ? master.Status
        : JobMasterStatus.Of(_record);

    // Jobs that are submitted are without number: of those that have ended only the record is kept.
    private void LeaveWhenOver()
    {
        if (_record is { Program: not null, End: not null } && _master is null)
        {
            DeactivateOnIdle();
        }
    }

    private async Task StartAsync(bool again, CancellationToken cancellationToken)
    {
        // Two may ask for it at once, and the second must find what the first has written.
        await WriteAsync(
            record => again && record.End is null
                ? throw new MillraceException("MR6005", $"The job '{Job}' has not ended, so it cannot be started again.")
                : record with { Term = record.Term + 1, End = null, Error = null, EndedAt = null },
            cancellationToken);
        _looked = time.GetTimestamp();

        // The coordinator has threads of its own, and the record is the grain's.
        var turns = TaskScheduler.Current;
        _master = factory.Start(
            Job, _record, cluster, dataPlane.DataPlane, tasks => Task.Factory.StartNew(() => WriteAsync(record => record with { Tasks = tasks }, _stop.Token), _stop.Token, TaskCreationOptions.None, turns).Unwrap());
        Log.CoordinatorStarted(logger, Job, _record.Term);
        _watching = WatchAsync(_master);
        if (_handOver is null)
        {
            _handOver = patience => Task.Factory.StartNew(() => LeaveAsync(patience, "Stopping"), CancellationToken.None, TaskCreationOptions.None, turns).Unwrap();
            here.Add(Job, _handOver);
        }
    }

    /// <summary>Ends the coordinator, behind a checkpoint where one comes about in time: another one goes on from there. The grain stays until the worker has left, so that it does not come back here.</summary>
    private async Task LeaveAsync(TimeSpan patience, string reason)
    {
        bool isFirst = !_stop.IsCancellationRequested;
        await _stop.CancelAsync();
        if (_master is not { } master)
        {
            return;
        }

        try
        {
            if (isFirst)
            {
                Log.CoordinatorLeaves(logger, Job, _record.Term, reason);
                await master.HandOverAsync(patience);
            }

            await master.DisposeAsync();
        }
        catch (Exception error)
        {
            Log.CoordinatorFailed(logger, error, Job, _record.Term);
        }
    }

    private async Task WatchAsync(IJobMaster master)
    {
        try
        {
            var (state, error) = await master.Completion;
            Log.JobEnded(logger, Job, _record.Term, state, error is null ? "." : $": {error}");
            await WriteEndAsync(state, error);
            if (ReferenceEquals(_master, master))
            {
                _master = null;
            }

            await master.DisposeAsync();
            LeaveWhenOver();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception error)
        {
            // It cannot go on, and has not ended the job: another one tries, here or elsewhere, with a term of its own.
            Log.CoordinatorFailed(logger, error, Job, _record.Term);
            DeactivateOnIdle();
        }
    }

    // The job is over, whatever the store does meanwhile. Would its end be lost, the next coordinator ran it once more.
    private async Task WriteEndAsync(JobState state, string? error)
    {
        while (true)
        {
            try
            {
                await WriteAsync(record => record with { End = state, Error = error, EndedAt = record.Program is null ? null : time.GetUtcNow() }, _stop.Token);
                return;
            }
            catch (Exception failure) when (failure is not (MillraceException { Code: "MR6006" } or OperationCanceledException))
            {
                Log.EndNotWritten(logger, failure, Job, _record.Term);
            }

            await Task.Delay(StorePause, time, _stop.Token);
        }
    }

    private async Task WriteAsync(Func<JobRecord, JobRecord> change, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var next = change(_record);
            string? etag = await store.WriteAsync(Job, next, _etag, cancellationToken);
            if (etag is null)
            {
                // Never to be read and written over: what is there is another coordinator's.
                throw new MillraceException("MR6006", $"Another coordinator of the job '{Job}' has written its record after this one had read it (term {_record.Term}). This one ends.");
            }

            (_record, _etag) = (next, etag);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var (record, _) = await store.ReadAsync(Job, _stop.Token);
            if (record.Term > _record.Term)
            {
                Log.Superseded(logger, Job, _record.Term, record.Term);
                DeactivateOnIdle();
            }
        }
        catch (Exception error)
        {
            // A store that is away is no reason to end a job that runs.
            Log.StoreFailed(logger, error, Job);
        }
    }

    private async Task<GrainReply> RunAsync(Func<IJobMaster, Task<string>> run)
    {
        if (_master is not { } master || _record.End is not null)
        {
            LeaveWhenOver();
            return GrainReply.Failed("MR6005", $"The job '{Job}' has ended ({_record.End}), so nothing can be asked of it. Start it again first.");
        }

        return await AnswerAsync(() => run(master));
    }

    // An exception of a type that is not known where the question came from would not arrive.
    private async Task<GrainReply> AnswerAsync(Func<Task<string>> act)
    {
        try
        {
            return new GrainReply(await act());
        }
        catch (MillraceException error)
        {
            if (error.Code == "MR6006")
            {
                DeactivateOnIdle();
            }

            return GrainReply.Failed(error.Code, error.Words);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return GrainReply.Failed("MR6004", $"The coordinator of the job '{Job}' could not do it: {error.Message}");
        }
    }
}
