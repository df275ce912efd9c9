using System.Buffers.Binary;
using System.Diagnostics;
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

    public override FrozenKeyedState Freeze()
    {
        // In the middle of firing the watermark would promise more than has been emitted.
        Debug.Assert(!IsUnfinished, "State is frozen between elements, when no work is interrupted.");
        return new FrozenWithProgress(base.Freeze(), this);
    }

    public override void Restore(IReadOnlyList<KeyedStateSnapshot> snapshots)
    {
        _restoredWatermarks = new long[Context.MaxParallelism];
        Array.Fill(_restoredWatermarks, EventTime.MinWatermark);
        foreach (var group in snapshots.SelectMany(snapshot => snapshot.States).Where(IsProgress).SelectMany(state => state.Groups))
        {
            long watermark = BinaryPrimitives.ReadInt64LittleEndian(group.Entries.Span);
            _restoredWatermarks[group.Group] = watermark;
            if (KeyGroupRange.Contains(group.Group))
            {
                _greatestRestored = Math.Max(_greatestRestored, watermark);
            }
        }

        base.Restore([.. snapshots.Select(snapshot => snapshot with { States = [.. snapshot.States.Where(state => !IsProgress(state))] })]);
    }

    private static bool IsProgress(StateSnapshot state) => state.Kind == KeyedStateKind.GroupValue && state.Name == ProgressName;

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

    private sealed class FrozenWithProgress : FrozenKeyedState
    {
        private readonly FrozenKeyedState _inner;
        private readonly StateSnapshot _progress;

        public FrozenWithProgress(FrozenKeyedState inner, SliceWindowOperator<TKey, TIn, TContent, TOut> owner)
        {
            _inner = inner;
            var groups = new List<KeyGroupSnapshot>(owner.KeyGroupRange.Count);
            for (int group = owner.KeyGroupRange.Start; group < owner.KeyGroupRange.End; group++)
            {
                byte[] bytes = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(bytes, owner.GroupWatermark(group));
                groups.Add(new KeyGroupSnapshot(group, 1, bytes));
            }

            var none = TypeSchema.Scalar("void");
            _progress = new StateSnapshot(ProgressName, KeyedStateKind.GroupValue, none, none, ProgressSchema, groups);
        }

        public override KeyedStateSnapshot Write(CancellationToken cancellationToken = default)
        {
            var snapshot = _inner.Write(cancellationToken);
            return snapshot with { States = [.. snapshot.States, _progress] };
        }

        protected override void Dispose(bool disposing) => _inner.Dispose();
    }
}
