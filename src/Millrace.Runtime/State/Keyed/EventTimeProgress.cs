using System.Buffers.Binary;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>
/// How far event time had come in each key group when a snapshot was taken. After a restore the watermark begins anew, and who decides by it what is late would
/// take a record for good that it had dropped before.
/// </summary>
/// <param name="values">Keeps the progress in snapshots.</param>
/// <param name="range">The key groups that the subtask owns.</param>
/// <param name="maxParallelism">How many key groups there are.</param>
internal sealed class EventTimeProgress(GroupValues values, KeyGroupRange range, int maxParallelism)
{
    private const string Name = "event-time progress";
    private static readonly TypeSchema Schema = TypeSchema.Scalar("int64");
    private long[] _restored = [];
    private long _greatest = EventTime.MinWatermark;

    /// <summary>Takes what was restored. When the operator is opened.</summary>
    public void Restore()
    {
        for (int group = range.Start; group < range.End; group++)
        {
            var bytes = values.Get(Name, Schema, group);
            if (bytes.IsEmpty)
            {
                continue;
            }

            if (_restored.Length == 0)
            {
                _restored = new long[range.Count];
                Array.Fill(_restored, EventTime.MinWatermark);
            }

            long watermark = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            _restored[group - range.Start] = watermark;
            _greatest = Math.Max(_greatest, watermark);
        }
    }

    /// <summary>Brings what snapshots see up to date.</summary>
    /// <param name="watermark">The operator's watermark.</param>
    public void Update(long watermark)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        for (int group = range.Start; group < range.End; group++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, OfGroup(group, watermark));
            values.Set(Name, Schema, group, bytes);
        }
    }

    /// <summary>The watermark that counts for a key: the operator's, or the one that its key group had reached before the restore.</summary>
    /// <param name="hash">The key's hash.</param>
    /// <param name="watermark">The operator's watermark.</param>
    public long Of(ulong hash, long watermark) => watermark >= _greatest ? watermark : OfGroup(KeyGroups.GroupOf(hash, maxParallelism), watermark);

    private long OfGroup(int group, long watermark) => watermark >= _greatest ? watermark : Math.Max(watermark, _restored[group - range.Start]);
}
