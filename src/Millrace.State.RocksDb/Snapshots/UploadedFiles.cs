using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>Which files checkpoints have uploaded. Safe for use by several threads.</summary>
/// <remarks>
/// Only what the last completed checkpoint names may be named again: the engine may have deleted what older ones name. A checkpoint that is still being
/// written may complete first, and the files that it does not name may be deleted then; so only what it names as well may be named.
/// </remarks>
internal sealed class UploadedFiles
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Dictionary<string, StateFile>?> _pending = [];
    private Dictionary<string, StateFile> _completed = [];
    private long _lastCompleted = -1;

    /// <summary>The state was restored from a checkpoint of the job's own: what it names may be named again, as if it had been completed here.</summary>
    public void Restored(IEnumerable<StateFile> files)
    {
        lock (_gate)
        {
            _completed = ByName(files);
        }
    }

    /// <summary>A checkpoint has begun.</summary>
    public void Begun(long checkpoint)
    {
        lock (_gate)
        {
            _pending[checkpoint] = null;
        }
    }

    /// <summary>A checkpoint has uploaded or named all its files.</summary>
    public void Written(long checkpoint, IEnumerable<StateFile> files)
    {
        lock (_gate)
        {
            if (_pending.ContainsKey(checkpoint))
            {
                _pending[checkpoint] = ByName(files);
            }
        }
    }

    public void Completed(long checkpoint)
    {
        lock (_gate)
        {
            if (_pending.Remove(checkpoint, out var files) && files is not null && checkpoint > _lastCompleted)
            {
                _completed = files;
                _lastCompleted = checkpoint;
            }

            // Those before it will not complete any more, or do not count.
            foreach (long earlier in _pending.Keys.Where(one => one < checkpoint).ToList())
            {
                _pending.Remove(earlier);
            }
        }
    }

    public void Aborted(long checkpoint)
    {
        lock (_gate)
        {
            _pending.Remove(checkpoint);
        }
    }

    /// <summary>The files that a checkpoint need not upload, by name.</summary>
    public Dictionary<string, StateFile> ThatMayBeNamed(long checkpoint)
    {
        lock (_gate)
        {
            var candidates = new Dictionary<string, StateFile>(_completed);
            foreach (var (other, files) in _pending)
            {
                if (other >= checkpoint)
                {
                    continue;
                }

                foreach (var (name, file) in _completed)
                {
                    if (files is null || !files.TryGetValue(name, out var named) || named.Path != file.Path)
                    {
                        candidates.Remove(name);
                    }
                }
            }

            return candidates;
        }
    }

    private static Dictionary<string, StateFile> ByName(IEnumerable<StateFile> files) =>
        files.Where(file => file.Path.Length > 0 && file.Name.EndsWith(".sst", StringComparison.Ordinal)).ToDictionary(file => file.Name);
}
