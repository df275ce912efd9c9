using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// The files that a worker writes for checkpoints of a job. The coordinator has reserved the checkpoint and its folder before any worker hears of it. Safe for use by several threads.
/// </summary>
/// <param name="storage">Where to.</param>
/// <param name="jobId">The job.</param>
/// <param name="inlineThreshold">Up to how many bytes state goes into the manifest.</param>
internal sealed class WorkerFiles(CheckpointStorage storage, string jobId, int inlineThreshold)
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
                    storage,
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

    /// <summary>Those of a snapshot's files that were written here for its checkpoint, and not named again.</summary>
    public IReadOnlyList<string> WrittenFor(long checkpointId, TaskSnapshot snapshot)
    {
        CheckpointFiles? files;
        lock (_gate)
        {
            files = _underWay.GetValueOrDefault(checkpointId);
        }

        return files is null
            ? []
            : [.. snapshot.Operators.SelectMany(op => op.Keyed?.Files ?? []).Concat(snapshot.InFlight.Select(channel => channel.Data))
                .Select(file => file.Path).Where(path => path.Length > 0 && files.HasWritten(path))];
    }

    /// <summary>A checkpoint is over.</summary>
    /// <returns>Deletes what was written for it, where that is of no use. To be called where it may block.</returns>
    public Action End(long checkpointId, bool isDiscarded)
    {
        lock (_gate)
        {
            _over.Enqueue(checkpointId);
            if (_over.Count > Remembered)
            {
                _over.Dequeue();
            }

            return _underWay.Remove(checkpointId, out var files) && isDiscarded ? () => files.Discard() : static () => { };
        }
    }
}
