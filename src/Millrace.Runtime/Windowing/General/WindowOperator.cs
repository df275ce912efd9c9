using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State.Timers;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <summary>
/// Any windows with any trigger: a record is added to each of its windows, the trigger says when they fire, and a timer removes them when they are over.
/// </summary>
/// <remarks>
/// <para>Keyed state is (key, window) → content, the trigger's state and the function's by (key, window), timers by (key, window, time), and where windows merge
/// key → list of (window, the window under which its content is kept).</para>
/// <para>Tumbling and sliding windows of event time that fire at their end are cheaper in a <see cref="SliceWindowOperator{TKey, TIn, TContent, TOut}"/>.</para>
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
/// <typeparam name="TContent">What a window holds.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed partial class WindowOperator<TKey, TIn, TWindow, TContent, TOut> : KeyedOperator<TKey, TIn, TOut>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    private readonly WindowAssigner<TIn, TWindow> _assigner;
    private readonly IMergingWindows<TWindow>? _merging;
    private readonly Trigger<TIn, TWindow> _trigger;
    private readonly LatePolicy<TIn> _late;
    private readonly WindowAggregation<TIn, TContent> _aggregation;
    private readonly WindowEmitter<TKey, TWindow, TContent, TOut> _emitter;
    private readonly bool _isEventTime;

    // The trigger has one timer, at the end of the window, which removes the window too: it need not be asked about each record, nor told of merged windows.
    private readonly bool _firesWhenOver;

    // A session's timer stays where it is while the session grows, and is set anew when it is due: otherwise every record would delete one timer and register another.
    private readonly bool _timersFollow;
    private readonly List<TWindow> _assigned = [];
    private KeyedStateTable<TKey, TWindow, TContent> _contents = null!;
    private TimerQueue<TKey, TWindow> _eventTimers = null!;
    private TimerQueue<TKey, TWindow> _processingTimers = null!;
    private GroupWatermarks _watermarks = null!;
    private GroupStagger? _stagger;
    private TriggerContextOf _triggerContext = null!;
    private WindowContextOf _context = null!;

    /// <param name="selectKey">Gives a record's key.</param>
    /// <param name="spec">Which windows, when they fire, what is late.</param>
    /// <param name="aggregation">How records become content.</param>
    /// <param name="emitter">How content becomes results.</param>
    /// <param name="functions">The user's functions, to be opened and closed.</param>
    public WindowOperator(
        Func<TIn, TKey> selectKey,
        WindowSpec<TIn, TWindow> spec,
        WindowAggregation<TIn, TContent> aggregation,
        WindowEmitter<TKey, TWindow, TContent, TOut> emitter,
        params StreamFunction[] functions)
        : base(selectKey, functions.Length == 0 ? null : functions.Length == 1 ? functions[0] : new FunctionGroup(functions))
    {
        _assigner = spec.Assigner;
        _merging = spec.Merging;
        _trigger = spec.Trigger;
        _late = spec.Late;
        _aggregation = aggregation;
        _emitter = emitter;
        _isEventTime = spec.Assigner.IsEventTime;
        _firesWhenOver = _isEventTime ? _late.AllowedLateness == 0 && _trigger is EventTimeTrigger<TIn, TWindow> : _trigger is ProcessingTimeTrigger<TIn, TWindow>;
        _timersFollow = _firesWhenOver && _merging is EventTimeSessionWindows or ProcessingTimeSessionWindows or DynamicSessionWindows<TIn>;
        _sessionGap = _timersFollow && _merging is EventTimeSessionWindows sessions ? sessions.FixedGap : 0;
    }

    public override void Open()
    {
        bool hasFewWindows = _merging is not null;
        _contents = _aggregation.CreateTable<TKey, TWindow>(State, "window-contents", hasFewWindows);
        _eventTimers = State.Timers<TWindow>("window-event-timers", hasFewWindows);
        _processingTimers = State.Timers<TWindow>("window-processing-timers", hasFewWindows);
        if (_merging is not null)
        {
            _sets = State.Table<VoidNamespace, WindowSet<TWindow>>("window-merging", KeyedStateKind.List, WindowSetSerializer<TWindow>.From);
        }

        _eventTimers.FetchAhead = FetchAhead;
        _processingTimers.FetchAhead = FetchAhead;
        if (_timersFollow)
        {
            TimersOfWindows.WhenDue = WhenDue;
        }

        _watermarks = new GroupWatermarks(KeyGroupRange, Context.MaxParallelism);
        _watermarks.Restore(GroupValues);
        if (_assigner is TimeOnlyAssigner<TIn, TWindow> { Inner: IStaggeredWindows { Stagger: not WindowStagger.Aligned } staggered })
        {
            _stagger = new GroupStagger(staggered, Context.OperatorUid, KeyGroupRange, Context.MaxParallelism);
            _stagger.Restore(GroupValues);
        }

        _triggerContext = new TriggerContextOf(this);
        _context = new WindowContextOf(this);
        base.Open();
    }

    public override void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        var keys = HashKeys(batch);
        bool isAhead = _merging is not null;
        int ahead = State.PrefetchLength;
        int fetched = 0;

        // Once for all: what is due by the clock is done between batches.
        long now = _isEventTime ? EventTime.None : Context.ProcessingTime;
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                while (i < batch.Count)
                {
                    if (isAhead && i + ahead >= fetched)
                    {
                        // Neighbours with one key are added at once: what they have passed by need not be fetched.
                        fetched = Math.Max(fetched, i);
                        Fetch(keys.Run(fetched, ahead));
                        fetched += ahead;
                    }

                    State.SetCurrentKey(in keys.Keys[i], keys.Hashes[i]);
                    if (_sessionGap == 0 || !TryAddToSession(batch, keys, ref i))
                    {
                        Add(batch.Values[i], batch.Timestamps[i], now);
                        i++;
                    }
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], keys.Keys[i]);
                i++;
            }
        }

        BatchPool<TIn>.Return(batch);
    }

    private void Fetch(BatchKeys run)
    {
        if (!run.Keys.IsEmpty)
        {
            State.Prefetch(run.Keys, run.Hashes);
            _contents.Prefetch(run.Keys, run.Hashes);
        }
    }

    protected override void UpdateGroupValues()
    {
        _watermarks.Save(GroupValues, CurrentWatermark);
        _stagger?.Save(GroupValues);
    }

    private void Add(TIn value, long timestamp, long now)
    {
        long time = _isEventTime ? timestamp : now;
        if (time == EventTime.None)
        {
            throw new InvalidOperationException(
                "a record without a timestamp came to an event-time window. Give the source a WatermarkStrategy with a timestamp assigner, or call AssignTimestampsAndWatermarks before the window");
        }

        _assigned.Clear();
        if (_stagger is null)
        {
            _assigner.AssignWindows(value, time, _assigned);
        }
        else
        {
            // Windows that are staggered are spans of time.
            _stagger.Assign(time, State.CurrentHash, (ICollection<TimeWindow>)(object)_assigned);
        }

        bool isLate = _assigned.Count > 0;
        for (int i = 0; i < _assigned.Count; i++)
        {
            isLate &= !AddTo(_assigned[i], value, timestamp);
        }

        if (isLate)
        {
            DropLate(value, timestamp);
        }
    }

    /// <summary>Adds a record to a window.</summary>
    /// <returns>Whether the window is still kept.</returns>
    private bool AddTo(TWindow window, TIn value, long timestamp)
    {
        var stateWindow = window;
        bool isNew = false;
        if (_merging is not null)
        {
            if (!Merge(ref window, out stateWindow, out isNew))
            {
                return false;
            }
        }
        else if (IsLate(window))
        {
            return false;
        }

        ref var content = ref _contents.GetOrAdd(in State.CurrentKey, State.CurrentHash, in stateWindow, out bool existed);
        try
        {
            if (existed)
            {
                _aggregation.Add(ref content, value, timestamp);
            }
            else
            {
                _aggregation.Start(ref content, value, timestamp);
            }
        }
        catch (Exception cause) when (!existed && OperatorErrors.MayBeOfUserCode(cause))
        {
            // The entry has been made, and has no content: nobody may find it. What else is kept for the window goes with its timer.
            _contents.Remove(in State.CurrentKey, State.CurrentHash, in stateWindow);
            RegisterCleanup(window);
            throw;
        }

        // Before the trigger, which may throw: what is kept is removed in any case. A window with content has its timer already.
        if (!existed || isNew)
        {
            RegisterCleanup(window);
        }

        if (!FiresWhenOver(window) || (_isEventTime && window.MaxTimestamp <= CurrentWatermarkOfKey))
        {
            _triggerContext.Window = window;
            var result = _trigger.OnElement(value, timestamp, window, _triggerContext);
            Act(result, window, stateWindow, timestamp);
        }

        return true;
    }

    /// <summary>Whether the timer that removes a window is the only one that its trigger has. A window that is never over has no such timer.</summary>
    private bool FiresWhenOver(TWindow window) => _firesWhenOver && CleanupTime(window) != long.MaxValue;

    /// <summary>Whether a window is over for good: its end has passed, and the allowed lateness too. A window by the clock never is: the clock gave it.</summary>
    private bool IsLate(TWindow window) => _isEventTime && CleanupTime(window) <= CurrentWatermarkOfKey;

    private long CurrentWatermarkOfKey => _watermarks.Of(CurrentWatermark, State.CurrentHash);

    private void DropLate(TIn value, long timestamp)
    {
        bool dropped = _late.SideOutput is not { } tag || !SideOutputs.IsRead(tag);
        Context.Metrics.AddLate(dropped);
        if (!dropped)
        {
            SideOutputs.Emit(_late.SideOutput!, value, timestamp);
        }
    }

    /// <summary>Does what a trigger wants.</summary>
    /// <param name="result">What it wants.</param>
    /// <param name="window">The window.</param>
    /// <param name="stateWindow">The window under which its content is kept.</param>
    /// <param name="firedAt">The timestamp of the record or the time of the event-time timer; <see cref="EventTime.None"/> where there is none.</param>
    private void Act(TriggerResult result, TWindow window, TWindow stateWindow, long firedAt)
    {
        if ((result & TriggerResult.Fire) != 0)
        {
            Emit(window, stateWindow, firedAt);
        }

        if ((result & TriggerResult.Purge) != 0)
        {
            _aggregation.Remove(_contents, in State.CurrentKey, State.CurrentHash, in stateWindow);
        }
    }

    private void Emit(TWindow window, TWindow stateWindow, long firedAt)
    {
        ref readonly var content = ref _contents.Peek(in State.CurrentKey, State.CurrentHash, in stateWindow);
        if (Unsafe.IsNullRef(in content))
        {
            return;
        }

        long end = window.MaxTimestamp;
        Collector.Timestamp = end != EventTime.MaxWatermark ? end : firedAt != EventTime.MaxWatermark ? firedAt : EventTime.None;
        _context.Current = window;
        try
        {
            _emitter.Emit(State.CurrentKey, _context, in content, Collector);
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // The content stays as it is until the window is over; this firing does not come again.
            Errors.OnNoRecord(cause, FailureStage.Window, Collector.Timestamp, State.CurrentKey, WindowText.Of(window), "firing a window");
            return;
        }

        if (_emitter.HasEvicted)
        {
            // The function may have used other state: the reference from before is no longer good.
            ref var kept = ref _contents.Find(in State.CurrentKey, State.CurrentHash, in stateWindow);
            if (!_emitter.WriteBack(ref kept))
            {
                _contents.Remove(in State.CurrentKey, State.CurrentHash, in stateWindow);
            }
        }
    }

    /// <summary>Removes a window that is over, with all that is kept for it.</summary>
    private void Remove(TWindow window, TWindow stateWindow)
    {
        _aggregation.Remove(_contents, in State.CurrentKey, State.CurrentHash, in stateWindow);
        if (!FiresWhenOver(window))
        {
            _triggerContext.Window = window;
            _trigger.Clear(window, _triggerContext);
        }

        _context.Current = window;
        _emitter.Clear(State.CurrentKey, _context);
        if (_merging is not null)
        {
            RemoveFromSet(window);
        }
    }
}
