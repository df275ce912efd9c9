using System.Buffers.Binary;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Windowing.General;

/// <summary>
/// The watermark that each key group had reached before a restore. Until the first watermark has come it says what is late and which windows have fired already; key groups of a
/// rescaled job may come with different ones.
/// </summary>
internal sealed class GroupWatermarks(KeyGroupRange range, int maxParallelism)
{
    private const string Name = "window-progress";
    private static readonly TypeSchema Schema = TypeSchema.Scalar("int64");

    private long[] _restored = [];
    private long _greatest = EventTime.MinWatermark;

    /// <summary>The watermark that counts for a key.</summary>
    /// <param name="current">The operator's.</param>
    /// <param name="hash">The stable hash of the key.</param>
    public long Of(long current, ulong hash) =>
        current >= _greatest ? current : Math.Max(current, _restored[KeyGroup.Of(hash, maxParallelism)]);

    public void Restore(GroupValues values)
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
                _restored = new long[maxParallelism];
                Array.Fill(_restored, EventTime.MinWatermark);
            }

            _restored[group] = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            _greatest = Math.Max(_greatest, _restored[group]);
        }
    }

    public void Save(GroupValues values, long current)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        for (int group = range.Start; group < range.End; group++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, _restored.Length == 0 ? current : Math.Max(current, _restored[group]));
            values.Set(Name, Schema, group, bytes);
        }
    }
}
