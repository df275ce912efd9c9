using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// The files that a worker writes for checkpoints of a job. The coordinator has reserved the checkpoint and its folder before any worker hears of it. Safe for use by several threads.
/// </summary>
/// <param name="storage">Where to.</param>
/// <param name="jobId">The job.</param>
/// <param name="inlineThreshold">Up to how many bytes state goes into the manifest.</param>
/// <param name="copies">The copies of files on this disk; null where none are kept.</param>
internal sealed class WorkerFiles(CheckpointStorage storage, string jobId, int inlineThreshold, LocalCopies? copies = null)
{
    // A barrier may come when its checkpoint is over; numbers only grow, so a few are enough to remember.
    private const int Remembered = 256;

    private readonly CheckpointNames _names = new(jobId);
    private readonly Lock _gate = new();
    private readonly Dictionary<long, CheckpointFiles> _underWay = [];
    private readonly Queue<long> _over = new();

    /// <summary>The files of a checkpoint.</summary>
    /// <exception cref="OperationCanceledException">The checkpoint is over.</exception>
    public CheckpointFiles Of(CheckpointBarrier barrier)
    {
        lock (_gate)
        {
            if (_over.Contains(barrier.CheckpointId))
            {
                throw new OperationCanceledException($"Checkpoint {barrier.CheckpointId} is over.");
            }

            if (!_underWay.TryGetValue(barrier.CheckpointId, out var files))
            {
                files = new CheckpointFiles(
                    // A savepoint is for another time and place: nobody comes back to it here.
                    copies is null || barrier.IsSavepoint ? storage : copies.Copying(storage, jobId, barrier.CheckpointId),
                    barrier.CheckpointId,
                    barrier.Folder ?? _names.CheckpointFolder(barrier.CheckpointId),
                    barrier.IsSavepoint ? null : _names.SharedFolder,
                    inlineThreshold,
                    generation: 0,
                    static _ => { });
                _underWay.Add(barrier.CheckpointId, files);
            }

            return files;
        }
    }

    /// <summary>A subtask has written its part in a checkpoint. What it names stays here until a later one is complete.</summary>
    /// <returns>Those of the snapshot's files that were written here for the checkpoint, and not named again.</returns>
    public IReadOnlyList<string> Acknowledged(long checkpointId, TaskSnapshot snapshot)
    {
        CheckpointFiles? files;
        lock (_gate)
        {
            files = _underWay.GetValueOrDefault(checkpointId);
        }

        if (files is null)
        {
            return [];
        }

        List<string> named = [.. snapshot.Operators.SelectMany(op => op.Keyed?.Files ?? []).Concat(snapshot.InFlight.Select(channel => channel.Data))
            .Select(file => file.Path).Where(path => path.Length > 0)];
        if (!files.IsSavepoint)
        {
            copies?.Named(jobId, checkpointId, named);
        }

        return [.. named.Where(files.HasWritten)];
    }

    /// <summary>A checkpoint is over.</summary>
    /// <returns>Deletes what was written for it, where that is of no use, and copies that are of none any more. To be called where it may block.</returns>
    public Action End(long checkpointId, bool isDiscarded)
    {
        lock (_gate)
        {
            _over.Enqueue(checkpointId);
            if (_over.Count > Remembered)
            {
                _over.Dequeue();
            }

            return _underWay.Remove(checkpointId, out var files) ? () => Clean(files, isDiscarded) : static () => { };
        }
    }

    private void Clean(CheckpointFiles files, bool isDiscarded)
    {
        if (isDiscarded)
        {
            files.Discard();
            copies?.Dropped(jobId, files.CheckpointId);
        }
        else if (!files.IsSavepoint)
        {
            copies?.Completed(jobId, files.CheckpointId);
        }
    }
}
