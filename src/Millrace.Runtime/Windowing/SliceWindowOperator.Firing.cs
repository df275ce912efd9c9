using System.Diagnostics;
using System.Runtime.CompilerServices;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Windowing;

/// <content>Firing: what happens when the watermark moves. Can be interrupted after every key, and goes on where it was.</content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    // The greatest window end that the watermark has passed.
    private long _firedUpTo = long.MinValue;

    // The watermark that is being worked off, the window that is firing, and the next key of it.
    private long? _pendingWatermark;
    private long _firingEnd;
    private int _nextKey = -1;

    // Whether all windows of the watermark have fired, and the next key to remove of the slice that is over.
    private bool _hasFired;
    private int _nextRemoved;

    // A removal takes as long as a read from disk at worst: then a turn of the subtask takes some milliseconds of them.
    private const int RemovedAtOnce = 4096;

    public override bool IsUnfinished => _pendingWatermark is not null;

    public override void Resume()
    {
        if (_pendingWatermark is not { } watermark)
        {
            return;
        }

        try
        {
            if (!_hasFired && !FireUpTo(watermark))
            {
                return;
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "firing a window");
        }

        // Before the watermark goes on and before any snapshot: a slice that is half removed is nowhere to be seen.
        _hasFired = !Clean(watermark);
        if (_hasFired)
        {
            return;
        }

        ClearWindows(watermark);
        _pendingWatermark = null;
        base.OnWatermark(watermark);
    }

    protected override void OnWatermark(long timestamp)
    {
        AdvanceWatermark(timestamp);
        _pendingWatermark = timestamp;
        _hasFired = false;
        Resume();
    }

    /// <summary>Fires all windows that end at or before the watermark, in order of time.</summary>
    /// <returns>Whether it is done; if not, nobody takes the output.</returns>
    private bool FireUpTo(long watermark)
    {
        long horizon = watermark == EventTime.MaxWatermark ? watermark : watermark + 1;
        while (true)
        {
            if (_nextKey < 0)
            {
                if (NextWindow() is not { } end || end > horizon)
                {
                    _firedUpTo = Math.Max(_firedUpTo, _grid.LastWindowEndUpTo(horizon));
                    return true;
                }

                _firingEnd = end;
                _nextKey = 0;
                if (!_grid.IsTumbling)
                {
                    EnterSlices(_firedUpTo, end);
                    _nextKey = _sliding.Count - 1;
                }
            }

            if (!(_grid.IsTumbling ? FireTumbling() : FireSliding()))
            {
                return false;
            }

            _nextKey = -1;
            _firedUpTo = _firingEnd;
        }
    }

    /// <summary>The next window that has something.</summary>
    private long? NextWindow()
    {
        if (_sliding.Count > 0)
        {
            return _firedUpTo + _grid.Slide;
        }

        return _slices.TryGetFirstAfter(_firedUpTo, out var slice) ? _grid.FirstWindowOf(slice.End) : null;
    }

    private bool FireTumbling()
    {
        if (!_slices.TryGet(_firingEnd, out var slice))
        {
            return true;
        }

        bool fetchesAhead = _table.IsLookUpSlow;
        while (_nextKey < slice.Count)
        {
            if (Context.Pressure.IsBlocked)
            {
                return false;
            }

            if (fetchesAhead)
            {
                FetchAhead(slice, _nextKey);
            }

            ref readonly var entry = ref slice[_nextKey++];
            ref readonly var content = ref _table.Peek(entry.Key, entry.Hash, in _firingEnd);
            Debug.Assert(!Unsafe.IsNullRef(in content), "A key of a slice is in the state.");
            if (!WasFiredBeforeRestore(entry.Hash, _firingEnd))
            {
                Emit(entry.Key, entry.Hash, _firingEnd, in content);
            }
        }

        return true;
    }

    private bool FireSliding()
    {
        // From the last to the first: the place of one that is removed is taken by one that has had its turn, or by nobody, as when all are removed.
        while (_nextKey >= 0)
        {
            if (Context.Pressure.IsBlocked)
            {
                return false;
            }

            ref var key = ref _sliding[_nextKey--];
            key.DropUpTo(_firingEnd - _grid.Size);
            if (key.IsEmpty)
            {
                _sliding.RemoveAt(_nextKey + 1);
                continue;
            }

            if (!WasFiredBeforeRestore(key.Hash, _firingEnd))
            {
                if (_aggregation.IsCombinable)
                {
                    Emit(key.Key, key.Hash, _firingEnd, key.Combine(_aggregation, _contentOf));
                }
                else
                {
                    EmitFromSlices(key.Key, key.Hash, _firingEnd, key.Ends);
                }
            }
        }

        return true;
    }

    /// <summary>Slices that end after one time and at or before another join the window that fires.</summary>
    private void EnterSlices(long after, long upTo)
    {
        bool fetchesAhead = _table.IsLookUpSlow;
        for (int i = _slices.FirstAfter(after); i < _slices.Count && _slices[i].End <= upTo; i++)
        {
            var slice = _slices[i];
            for (int k = 0; k < slice.Count; k++)
            {
                if (fetchesAhead)
                {
                    _sliding.Prefetch(FetchAhead(slice, k));
                }

                ref readonly var entry = ref slice[k];
                ref readonly var content = ref _table.Peek(entry.Key, entry.Hash, slice.End);
                Debug.Assert(!Unsafe.IsNullRef(in content), "A key of a slice is in the state.");
                _sliding.GetOrAdd(entry.Key, entry.Hash).Push(slice.End, in content, _aggregation);
            }
        }
    }

    /// <summary>Removes slices of which every window is over, with all their keys.</summary>
    /// <returns>Whether it is done; if not, others are to have a turn before it goes on.</returns>
    private bool Clean(long watermark)
    {
        int removed = 0;
        bool fetchesAhead = _table.IsLookUpSlow;
        while (_slices.TryGetFirst(out var slice))
        {
            long last = _grid.LastWindowOf(_grid.SliceOf(slice.End - 1).Start);
            if (last - 1 + _late.AllowedLateness > watermark)
            {
                return true;
            }

            for (; _nextRemoved < slice.Count; _nextRemoved++)
            {
                if (removed++ == RemovedAtOnce)
                {
                    return false;
                }

                if (fetchesAhead)
                {
                    FetchAhead(slice, _nextRemoved);
                }

                ref readonly var entry = ref slice[_nextRemoved];
                _aggregation.Remove(_table, entry.Key, entry.Hash, slice.End);
            }

            _nextRemoved = 0;
            _slices.Remove(slice);
        }

        if (_slices.Count == 0)
        {
            _sliding.Clear();
        }

        return true;
    }
}
