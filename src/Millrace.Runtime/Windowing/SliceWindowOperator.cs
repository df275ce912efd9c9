using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing;

/// <summary>How a window operator treats late records.</summary>
/// <param name="AllowedLateness">For how long after the watermark passed a window it is kept and fires again, in milliseconds.</param>
/// <param name="SideOutput">Where records go that are too late for all their windows; <see langword="null"/> drops them.</param>
internal sealed record LatePolicy<TIn>(long AllowedLateness, OutputTag<TIn>? SideOutput);

/// <summary>
/// Tumbling and sliding event-time windows. A record is aggregated once, into the slice of time that it falls into; a window is put together from
/// slices when the watermark passes its end. The cost of a record does not depend on how many windows it belongs to.
/// </summary>
/// <remarks>
/// Keyed state is (key, end of slice) → content. What follows from it (which keys a slice has, what is combined already) is kept beside it and
/// built again after a restore.
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut> : KeyedOperator<TKey, TIn, TOut>
    where TKey : notnull
{
    private readonly SliceGrid _grid;
    private readonly LatePolicy<TIn> _late;
    private readonly WindowAggregation<TIn, TContent> _aggregation;
    private readonly WindowEmitter<TKey, TimeWindow, TContent, TOut> _emitter;
    private readonly SliceIndex<TKey> _slices = new();
    private readonly SlidingKeys<TKey, TContent> _sliding = new();
    private readonly SlidingKey<TKey, TContent>.ContentOf _contentOf;
    private WindowContextOf _context = null!;
    private readonly List<long> _ends = [];
    private KeyedStateTable<TKey, long, TContent> _table = null!;

    // The slice of the last record: neighbours in a stream are neighbours in time.
    private long _sliceStart;
    private long _sliceEnd = long.MinValue;
    private long _lastWindowOfSlice;

    /// <param name="selectKey">Gives a record's key.</param>
    /// <param name="windows">Size, slide and offset.</param>
    /// <param name="late">What happens to late records.</param>
    /// <param name="aggregation">How records become content.</param>
    /// <param name="emitter">How content becomes results.</param>
    /// <param name="functions">The user's functions, to be opened and closed.</param>
    public SliceWindowOperator(
        Func<TIn, TKey> selectKey,
        AlignedWindows windows,
        LatePolicy<TIn> late,
        WindowAggregation<TIn, TContent> aggregation,
        WindowEmitter<TKey, TimeWindow, TContent, TOut> emitter,
        params StreamFunction[] functions)
        : base(selectKey, functions.Length == 0 ? null : functions.Length == 1 ? functions[0] : new FunctionGroup(functions))
    {
        _grid = new SliceGrid(windows);
        _late = late;
        _aggregation = aggregation;
        _emitter = emitter;
        _contentOf = ContentOf;
    }

    public override void Open()
    {
        _table = _aggregation.CreateTable<TKey, long>(State, "window-slices");
        _context = new WindowContextOf(this);
        _windowTimers = State.Timers<TimeWindow>("window-state-timers");
        RestoreProgress();
        RebuildIndex();
        base.Open();
    }

    // Whether a new entry of the table is being given its first content, by user code.
    private bool _isStarting;

    public override void Receive(RecordBatch<TIn> batch)
    {
        var partials = (PartialColumn<TContent>?)batch.Partials;
        Context.Metrics.AddRecordsIn(partials is null ? batch.Count : partials.RecordsOf(batch.Count));
        bool isAhead = _table.IsLookUpSlow;
        var keys = isAhead ? HashKeys(batch) : default;
        int ahead = State.PrefetchLength;
        int next = 0;
        if (isAhead)
        {
            FetchAhead(batch, keys, 0, ahead);
        }

        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                if (isAhead)
                {
                    for (; i < batch.Count; i++)
                    {
                        if (i == next)
                        {
                            next += ahead;
                            FetchAhead(batch, keys, next, ahead);
                        }

                        Take(batch, partials, i, in keys.Keys[i], keys.Hashes[i]);
                    }
                }

                for (; i < batch.Count; i++)
                {
                    var key = KeyOf(batch.Values[i]);
                    Take(batch, partials, i, in key, State.HashOf(in key));
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                OnError(cause, batch.Values[i], batch.Timestamps[i]);
                i++;
            }
        }

        BatchPool<TIn>.Return(batch);
    }

    /// <summary>Adds a record, or merges what several have been aggregated to before they came.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(RecordBatch<TIn> batch, PartialColumn<TContent>? partials, int i, in TKey key, ulong hash)
    {
        if (partials is null || partials.Counts[i] == 0)
        {
            Add(batch.Values[i], batch.Timestamps[i], in key, hash);
        }
        else
        {
            Merge(in partials.Contents[i], partials.Counts[i], batch.Timestamps[i], in key, hash);
        }
    }

    private void Add(TIn value, long timestamp, in TKey key, ulong hash)
    {
        if (timestamp < _sliceStart || timestamp >= _sliceEnd)
        {
            EnterSlice(timestamp);
        }

        if (IsPast(_lastWindowOfSlice, hash))
        {
            DropLate(value, timestamp);
            return;
        }

        ref var content = ref _table.GetOrAdd(in key, hash, in _sliceEnd, out bool existed);
        if (existed)
        {
            _aggregation.Add(ref content, value);
        }
        else
        {
            _isStarting = true;
            _aggregation.Start(ref content, value);
            _isStarting = false;
            _slices.Add(_sliceEnd, key, hash);
        }

        if (_sliceEnd <= FiredUpTo(hash))
        {
            OnChangedBehindWatermark(key, hash);
        }
    }

    private void OnError(Exception cause, TIn value, long timestamp)
    {
        TKey key;
        try
        {
            key = KeyOf(value);
        }
        catch (Exception keyCause) when (OperatorErrors.MayBeOfUserCode(keyCause))
        {
            OnKeyError(keyCause, value, timestamp);
            return;
        }

        if (_isStarting)
        {
            // The entry has been made, and has no content: nobody may find it.
            _isStarting = false;
            _table.Remove(in key, State.HashOf(in key), in _sliceEnd);
        }

        Errors.OnRecord(cause, value, timestamp, key);
    }

    private void EnterSlice(long timestamp)
    {
        if (timestamp == EventTime.None)
        {
            throw new InvalidOperationException(
                "a record without a timestamp came to an event-time window. Give the source a WatermarkStrategy with a timestamp assigner, or call AssignTimestampsAndWatermarks before the window");
        }

        (_sliceStart, _sliceEnd) = _grid.SliceOf(timestamp);
        _lastWindowOfSlice = _grid.LastWindowOf(_sliceStart);
    }

    /// <summary>Whether a window is over for good: fired, and the allowed lateness gone.</summary>
    private bool IsPast(long windowEnd, ulong hash) => windowEnd - 1 + _late.AllowedLateness <= WatermarkOf(hash);

    private void DropLate(TIn value, long timestamp)
    {
        bool dropped = _late.SideOutput is not { } tag || !SideOutputs.IsRead(tag);
        Context.Metrics.AddLate(dropped);
        if (!dropped)
        {
            SideOutputs.Emit(_late.SideOutput!, value, timestamp);
        }
    }

    /// <summary>
    /// A record came into a slice of which windows have fired: what was combined from it is no longer right, and windows that have fired but are
    /// still kept fire again.
    /// </summary>
    private void OnChangedBehindWatermark(TKey key, ulong hash)
    {
        if (!_grid.IsTumbling && _sliceEnd <= _firedUpTo)
        {
            _sliding.GetOrAdd(key, hash).Insert(_sliceEnd);
        }

        long last = Math.Min(_lastWindowOfSlice, FiredUpTo(hash));
        for (long end = _grid.FirstWindowOf(_sliceEnd); end <= last; end += _grid.Slide)
        {
            if (!IsPast(end, hash))
            {
                EmitFromSlices(key, hash, end, SlicesOf(end));
            }
        }
    }

    /// <summary>The ends of the slices of a window that have something, whatever the key.</summary>
    private ReadOnlySpan<long> SlicesOf(long windowEnd)
    {
        _ends.Clear();
        for (int i = _slices.FirstAfter(windowEnd - _grid.Size); i < _slices.Count && _slices[i].End <= windowEnd; i++)
        {
            _ends.Add(_slices[i].End);
        }

        return CollectionsMarshal.AsSpan(_ends);
    }

    /// <summary>Puts a window together from its slices, without help of what was combined before.</summary>
    private void EmitFromSlices(TKey key, ulong hash, long windowEnd, ReadOnlySpan<long> ends)
    {
        var content = default(TContent)!;
        bool any = false;
        foreach (ref readonly long end in ends)
        {
            ref readonly var slice = ref _table.Peek(in key, hash, in end);
            if (Unsafe.IsNullRef(in slice))
            {
                continue;
            }

            if (any)
            {
                _aggregation.Merge(ref content, in slice);
            }
            else
            {
                content = _aggregation.Copy(in slice);
                any = true;
            }
        }

        Debug.Assert(any, "A window that fires has something.");
        Emit(key, hash, windowEnd, in content);
    }

    private void Emit(TKey key, ulong hash, long windowEnd, in TContent content)
    {
        State.SetCurrentKey(in key, hash);
        _context.Current = new TimeWindow(windowEnd - _grid.Size, windowEnd);
        Collector.Timestamp = windowEnd - 1;
        try
        {
            _emitter.Emit(key, _context, in content, Collector);
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // The content stays for windows that share it and for late records; this firing does not come again.
            Errors.OnNoRecord(cause, FailureStage.Window, windowEnd - 1, key, WindowText.Of(_context.Current), "firing a window");
        }
    }

    private ref readonly TContent ContentOf(in SlidingKey<TKey, TContent> key, long sliceEnd)
    {
        ref readonly var content = ref _table.Peek(key.Key, key.Hash, in sliceEnd);
        Debug.Assert(!Unsafe.IsNullRef(in content), "A live slice of a key is in the state.");
        return ref content!;
    }
}
