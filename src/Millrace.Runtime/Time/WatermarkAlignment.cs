namespace Millrace.Runtime.Time;

/// <summary>How far the readers of each alignment group of a job have come. Safe for use by several threads.</summary>
internal sealed class WatermarkAlignment
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Dictionary<(object Source, int Subtask), long>> _groups = [];

    /// <summary>Notes how far a reader has come.</summary>
    /// <param name="group">The group.</param>
    /// <param name="source">The source of the reader: any object that stands for it.</param>
    /// <param name="subtask">The reader.</param>
    /// <param name="watermark">Its watermark; the least one where it has said nothing of time yet, and the greatest where it is idle or has ended: nobody waits for either.</param>
    /// <returns>The least watermark of those that are waited for; the greatest watermark where nobody is.</returns>
    public long Report(string group, object source, int subtask, long watermark)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue(group, out var readers))
            {
                _groups[group] = readers = [];
            }

            readers[(source, subtask)] = watermark == EventTime.MinWatermark ? EventTime.MaxWatermark : watermark;
            return readers.Values.Min();
        }
    }

    /// <summary>A reader is gone, or all readers of a source are.</summary>
    /// <param name="source">The source.</param>
    /// <param name="subtask">The reader; null for all.</param>
    public void Forget(object source, int? subtask = null)
    {
        lock (_gate)
        {
            foreach (var readers in _groups.Values)
            {
                foreach (var reader in readers.Keys.Where(reader => reader.Source == source && (subtask is null || reader.Subtask == subtask)).ToList())
                {
                    readers.Remove(reader);
                }
            }
        }
    }
}
