using System.Buffers.Binary;
using Millrace.Runtime.State;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Windowing;

/// <content>
/// Snapshots. Beside the slices goes, by key group, the watermark up to which windows have fired: after a restore, before the first watermark comes,
/// it says what is late and which windows must not fire again. Key groups of a rescaled job may come with different ones.
/// </content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    private const string ProgressName = "window-progress";
    private static readonly TypeSchema ProgressSchema = TypeSchema.Scalar("int64");

    private long[] _restoredWatermarks = [];
    private long _greatestRestored = EventTime.MinWatermark;

    protected override void UpdateGroupValues()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        for (int group = KeyGroupRange.Start; group < KeyGroupRange.End; group++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, GroupWatermark(group));
            GroupValues.Set(ProgressName, ProgressSchema, group, bytes);
        }
    }

    private void RestoreProgress()
    {
        for (int group = KeyGroupRange.Start; group < KeyGroupRange.End; group++)
        {
            var bytes = GroupValues.Get(ProgressName, ProgressSchema, group);
            if (bytes.IsEmpty)
            {
                continue;
            }

            if (_restoredWatermarks.Length == 0)
            {
                _restoredWatermarks = new long[Context.MaxParallelism];
                Array.Fill(_restoredWatermarks, EventTime.MinWatermark);
            }

            long watermark = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            _restoredWatermarks[group] = watermark;
            _greatestRestored = Math.Max(_greatestRestored, watermark);
        }
    }

    /// <summary>The watermark that counts for a key: the operator's, or the one that its key group had reached before the restore.</summary>
    private long WatermarkOf(ulong hash) => CurrentWatermark >= _greatestRestored
        ? CurrentWatermark
        : Math.Max(CurrentWatermark, _restoredWatermarks[KeyGroups.GroupOf(hash, Context.MaxParallelism)]);

    /// <summary>The greatest window end that has fired for a key, here or before the restore.</summary>
    private long FiredUpTo(ulong hash) => CurrentWatermark >= _greatestRestored
        ? _firedUpTo
        : Math.Max(_firedUpTo, _grid.LastWindowEndUpTo(_restoredWatermarks[KeyGroups.GroupOf(hash, Context.MaxParallelism)] + 1));

    private bool WasFiredBeforeRestore(ulong hash, long windowEnd) =>
        windowEnd - 1 <= _greatestRestored && windowEnd - 1 <= _restoredWatermarks[KeyGroups.GroupOf(hash, Context.MaxParallelism)];

    private void RebuildIndex()
    {
        var cursor = default(TableCursor);
        while (_table.MoveNext(ref cursor))
        {
            var key = _table.KeyAt(in cursor);
            _slices.Add(_table.NamespaceAt(in cursor), key, State.HashOf(in key));
        }
    }

    private long GroupWatermark(int group) =>
        _restoredWatermarks.Length == 0 ? CurrentWatermark : Math.Max(CurrentWatermark, _restoredWatermarks[group]);
}
