using System.Collections.Concurrent;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Checkpointing;

/// <summary>
/// The files of the checkpoints under way: made when the first subtask writes, once, and never for a checkpoint that has not begun or is over. Files that nobody ended would keep
/// the store from ever deleting what later checkpoints drop. Safe for use by several threads.
/// </summary>
/// <param name="create">Makes the files of a checkpoint. May block.</param>
internal sealed class FilesUnderWay(Func<CheckpointBarrier, CheckpointFiles> create)
{
    private readonly ConcurrentDictionary<long, Entry> _entries = new();

    /// <summary>A checkpoint begins: from now on it may have files. Does not block.</summary>
    public void Begin(long checkpointId) => _entries.TryAdd(checkpointId, new Entry());

    /// <summary>The files of a checkpoint, which are made if they are not yet. May block.</summary>
    /// <exception cref="OperationCanceledException">The checkpoint is over.</exception>
    public CheckpointFiles Of(CheckpointBarrier barrier) =>
        _entries.TryGetValue(barrier.CheckpointId, out var entry) ? entry.Get(barrier, create) : throw Over(barrier);

    /// <summary>A checkpoint is complete or given up: whoever comes to write only now gets no files. Does not block.</summary>
    /// <returns>
    /// Discards what it has, and says whether it did: not where it is complete, or may be. To be called where it may block: files that are being made are waited for.
    /// </returns>
    public Func<bool> End(long checkpointId)
    {
        if (!_entries.TryRemove(checkpointId, out var entry))
        {
            return static () => false;
        }

        entry.End();
        return entry.Discard;
    }

    /// <summary>Another process has written files. Does not block; nothing where the checkpoint is over.</summary>
    public void Adopt(long checkpointId, IReadOnlyCollection<string> paths)
    {
        if (_entries.TryGetValue(checkpointId, out var entry))
        {
            entry.Adopt(paths);
        }
    }

    private static OperationCanceledException Over(CheckpointBarrier barrier) => new($"Checkpoint {barrier.CheckpointId} is over.");

    private sealed class Entry
    {
        private readonly Lock _gate = new();
        private CheckpointFiles? _files;
        private volatile bool _isOver;

        public CheckpointFiles Get(CheckpointBarrier barrier, Func<CheckpointBarrier, CheckpointFiles> create)
        {
            // One at a time: the store counts everything that it makes as under way until it is ended.
            lock (_gate)
            {
                return _isOver ? throw Over(barrier) : _files ??= create(barrier);
            }
        }

        // Without the lock, because whoever holds it may be waiting for the storage.
        public void End() => _isOver = true;

        // They exist: with several processes they are made before anybody else is told of the checkpoint.
        public void Adopt(IReadOnlyCollection<string> paths) => Volatile.Read(ref _files)?.Adopt(paths);

        public bool Discard()
        {
            lock (_gate)
            {
                return _files?.Discard() ?? true;
            }
        }
    }
}
