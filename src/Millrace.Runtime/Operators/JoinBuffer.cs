using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>
/// The records of one side of an interval join that partners may still come for: by key, in the order of their timestamps, and of arrival where these are equal. So partners are
/// found by bisection, come in the same order whatever was restored meanwhile, and what is over is a piece at the front.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="state">The operator's state.</param>
/// <param name="name">The name of the state.</param>
internal sealed class JoinBuffer<TKey, T>(KeyedStateStore<TKey> state, string name)
    where TKey : notnull
{
    private readonly KeyedStateTable<TKey, VoidNamespace, StateList<(long Timestamp, T Value)>> _table = state.ListTable<VoidNamespace, (long Timestamp, T Value)>(name);
    private readonly ListMemory<(long Timestamp, T Value)> _memory = new();

    /// <summary>Puts a record of the current key in its place.</summary>
    public void Add(long timestamp, T value)
    {
        ref var list = ref _table.GetOrAdd(in state.CurrentKey, state.CurrentHash, default, out _);
        int count = list.Count;
        _memory.Add(ref list, (timestamp, value));
        var items = list.AsSpan();

        // Mostly the last; else those behind it move up by one.
        if (count > 0 && items[count - 1].Timestamp > timestamp)
        {
            int place = FirstFrom(items[..count], timestamp + 1);
            items[place..count].CopyTo(items[(place + 1)..]);
            items[place] = (timestamp, value);
        }
    }

    /// <summary>The records of the current key from one timestamp to another. Good until the next call on any state.</summary>
    public ReadOnlySpan<(long Timestamp, T Value)> Between(long first, long last)
    {
        ref readonly var list = ref _table.Peek(in state.CurrentKey, state.CurrentHash, default);
        if (Unsafe.IsNullRef(in list))
        {
            return [];
        }

        ReadOnlySpan<(long Timestamp, T Value)> items = list.AsSpan();
        int start = FirstFrom(items, first);
        int end = last == long.MaxValue ? items.Length : FirstFrom(items, last + 1);
        return start < end ? items[start..end] : [];
    }

    /// <summary>Removes the records of the current key that are not needed at a watermark any more.</summary>
    /// <param name="watermark">The watermark.</param>
    /// <param name="bounds">Say until when a record is needed.</param>
    public void RemoveUpTo(long watermark, JoinBounds bounds)
    {
        ref readonly var peeked = ref _table.Peek(in state.CurrentKey, state.CurrentHash, default);
        if (Unsafe.IsNullRef(in peeked))
        {
            return;
        }

        ReadOnlySpan<(long Timestamp, T Value)> items = peeked.AsSpan();
        int over = 0;
        int end = items.Length;
        while (over < end)
        {
            int middle = (int)(((uint)over + (uint)end) / 2);
            if (bounds.NeededUntil(items[middle].Timestamp) <= watermark)
            {
                over = middle + 1;
            }
            else
            {
                end = middle;
            }
        }

        if (over == items.Length)
        {
            _memory.Remove(_table, in state.CurrentKey, state.CurrentHash, default);
        }
        else if (over > 0)
        {
            ref var list = ref _table.GetOrAdd(in state.CurrentKey, state.CurrentHash, default, out _);
            list.Replace(list.AsSpan()[over..]);
        }
    }

    /// <summary>The index of the first record at or behind a timestamp.</summary>
    private static int FirstFrom(ReadOnlySpan<(long Timestamp, T Value)> items, long timestamp)
    {
        int start = 0;
        int end = items.Length;
        while (start < end)
        {
            int middle = (int)(((uint)start + (uint)end) / 2);
            if (items[middle].Timestamp < timestamp)
            {
                start = middle + 1;
            }
            else
            {
                end = middle;
            }
        }

        return start;
    }
}
