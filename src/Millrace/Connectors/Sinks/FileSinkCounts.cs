using System.Collections.Concurrent;

namespace Millrace.Connectors;

/// <summary>What the subtasks of a file sink in this process have merged, and what waits. Safe for use by several threads.</summary>
internal sealed class FileSinkCounts
{
    private readonly ConcurrentDictionary<int, int> _waiting = new();
    private long _merged;

    public long Merged => Interlocked.Read(ref _merged);

    public int Waiting => _waiting.Values.Sum();

    public void AddMerged(int files) => Interlocked.Add(ref _merged, files);

    public void SetWaiting(int subtask, int files) => _waiting[subtask] = files;
}
