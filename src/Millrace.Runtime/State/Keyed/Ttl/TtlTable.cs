using System.Numerics;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>A table with a time to live, as its handle sees it: the entry of the current key, and the removal of what has expired and nobody asks for.</summary>
internal sealed class TtlTable<TKey, TValue>
{
    // Uses between two looks for expired entries: many entries at once are found in fewer cache lines than a few at a time.
    private const int UsesBetweenLooks = 32;

    // Fewer elements of a list, or entries of a map, are not worth a look.
    private const int LeastCleanedUp = 16;

    private readonly KeyedStateBackend<TKey> _backend;
    private readonly KeyedStateTable<TKey, VoidNamespace, TValue> _table;
    private readonly StateExpiry<TValue> _expiry;
    private readonly bool _cleansUp;
    private readonly bool _isSystemClock;
    private TableCursor _cursor;
    private int _uses;
    private long _ticks = long.MinValue;
    private long _now;

    public TtlTable(KeyedStateBackend<TKey> backend, KeyedStateTable<TKey, VoidNamespace, TValue> table, StateExpiry<TValue> expiry)
    {
        _backend = backend;
        _table = table;
        _expiry = expiry;
        HidesExpired = expiry.Ttl.Visibility == StateTtlVisibility.NeverReturnExpired;
        UpdatesOnRead = expiry.Ttl.Update == StateTtlUpdate.OnReadAndWrite;
        _cleansUp = expiry.Ttl.Cleanup.HasFlag(StateTtlCleanup.Background);
        _isSystemClock = expiry.Clock == TimeProvider.System;
    }

    /// <summary>Whether what has expired is as if it were not there.</summary>
    public bool HidesExpired { get; }

    /// <summary>Whether reading is a use.</summary>
    public bool UpdatesOnRead { get; }

    /// <summary>To be called before each use, when no reference is out: now and then it removes entries of other keys.</summary>
    /// <returns>What time it is, and what was last used at which time has expired.</returns>
    public Moment Use()
    {
        long now = Now();
        var moment = new Moment(now, now - _expiry.TimeToLive);
        if (_cleansUp && ++_uses == UsesBetweenLooks)
        {
            _uses = 0;
            _table.RemoveExpired(ref _cursor, UsesBetweenLooks * _expiry.Ttl.CleanupSize, moment.Horizon);
        }

        return moment;
    }

    /// <summary>
    /// Whether the list or map of a key, to which something is to be added, is to be freed first of what has expired: one that nobody reads would grow for ever. Whenever it has doubled, so that
    /// it costs little for each element.
    /// </summary>
    public bool IsToBeCleanedUp(int count) => _cleansUp && count >= LeastCleanedUp && BitOperations.IsPow2(count);

    public ref readonly TValue Peek() => ref _table.Peek(in _backend.CurrentKey, _backend.CurrentHash, default);

    public ref TValue Find() => ref _table.Find(in _backend.CurrentKey, _backend.CurrentHash, default);

    public ref TValue GetOrAdd(out bool existed) => ref _table.GetOrAdd(in _backend.CurrentKey, _backend.CurrentHash, default, out existed);

    public void Remove() => _table.Remove(in _backend.CurrentKey, _backend.CurrentHash, default);

    // The system's clock takes as long as the look at the state does. A count of ticks is cheaper, and moves every few milliseconds.
    private long Now()
    {
        if (!_isSystemClock)
        {
            return _expiry.Now;
        }

        long ticks = Environment.TickCount64;
        if (ticks != _ticks)
        {
            _ticks = ticks;
            _now = _expiry.Now;
        }

        return _now;
    }
}

/// <summary>A moment, in milliseconds since 1970.</summary>
/// <param name="Now">What time it is.</param>
/// <param name="Horizon">What was last used then or before has expired.</param>
internal readonly record struct Moment(long Now, long Horizon);
