using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Serialization;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.Local;

/// <summary>
/// The first of two steps of a window's aggregation, in front of the exchange: records of one key and slice that come in one batch go on as one partial aggregate. It keeps nothing from batch
/// to batch, so that nothing is late because of it, and a snapshot has nothing of it.
/// </summary>
/// <remarks>
/// Where it does not pay, because most records of a batch have a key of their own, records go on as they are, and now and then a batch is tried again. They also do so when user code throws:
/// the window operator then fails on the very record, and says so as it always does.
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
/// <param name="selectKey">Gives a record's key.</param>
/// <param name="hasher">Hashes keys.</param>
/// <param name="windows">Size, slide and offset.</param>
/// <param name="aggregation">How records become content; null where that is not to be done here.</param>
/// <param name="output">The exchange.</param>
internal sealed class LocalAggregator<TKey, T, TContent>(
    Func<T, TKey> selectKey, StableHasher<TKey> hasher, AlignedWindows windows, WindowAggregation<T, TContent>? aggregation, IReceiver<Partial<T, TContent>> output) : IReceiver<T>
    where TKey : notnull
{
    // Fewer records are as soon handed on.
    private const int FewestRecords = 4;

    // For how many batches records go on as they are, at most, before one is tried again: a trial costs a few nanoseconds a record.
    private const int LongestRest = 64;

    private readonly SliceGrid _grid = new(windows);

    // The index of a partial aggregate in its batch plus one, by the hash of its key; 0 is empty.
    private int[] _places = [];
    private Group[] _groups = [];

    // How many batches go on as they are, and how many did the last time.
    private int _resting = aggregation is null ? int.MaxValue : 0;
    private int _rest;

    // So many records have to become one for it to pay: an object for each partial aggregate is dearer than a number.
    private static int FewestPerPartial => RuntimeHelpers.IsReferenceOrContainsReferences<TContent>() ? 4 : 2;

    public void Receive(RecordBatch<T> batch)
    {
        if (_resting > 0 || batch.Count < FewestRecords)
        {
            _resting -= _resting is > 0 and < int.MaxValue ? 1 : 0;
            HandOn(batch);
            return;
        }

        var partials = BatchPool<Partial<T, TContent>>.Rent(batch.Capacity);
        try
        {
            Aggregate(batch, partials);
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            BatchPool<Partial<T, TContent>>.Return(partials);
            Stop();
            HandOn(batch);
            return;
        }

        bool pays = partials.Count * FewestPerPartial <= batch.Count;
        _rest = pays ? 0 : Math.Clamp(_rest * 2, 1, LongestRest);
        _resting = _rest;
        BatchPool<T>.Return(batch);
        output.Receive(partials);
    }

    /// <summary>From now on records go as they are.</summary>
    private void Stop()
    {
        _resting = int.MaxValue;
        (_places, _groups) = ([], []);
    }

    public void Control(in ControlElement element) => output.Control(in element);

    private void HandOn(RecordBatch<T> batch)
    {
        var partials = BatchPool<Partial<T, TContent>>.Rent(batch.Capacity);
        var records = batch.Records;
        for (int i = 0; i < records.Length; i++)
        {
            Write(ref partials.Values[i], in records[i]);
        }

        partials.Count = records.Length;
        partials.SwapTimestamps(batch);
        BatchPool<T>.Return(batch);
        output.Receive(partials);
    }

    private void Aggregate(RecordBatch<T> batch, RecordBatch<Partial<T, TContent>> partials)
    {
        EnsureRoom(batch.Capacity);
        var records = batch.Records;
        long sliceStart = 0;
        long sliceEnd = long.MinValue;
        int mask = _places.Length - 1;
        for (int i = 0; i < records.Length; i++)
        {
            long timestamp = batch.Timestamps[i];
            if (timestamp < sliceStart || timestamp >= sliceEnd)
            {
                (sliceStart, sliceEnd) = timestamp == EventTime.None ? (EventTime.None, EventTime.None + 1) : _grid.SliceOf(timestamp);
            }

            ref readonly var record = ref records[i];
            var key = selectKey(record);
            ulong hash = hasher.Hash(key);
            int place = (int)(hash ^ (hash >> 32)) & mask;
            while (true)
            {
                int index = _places[place] - 1;
                if (index < 0)
                {
                    Begin(partials, new Group(hash, sliceEnd, place, key), in record, timestamp);
                    break;
                }

                ref readonly var group = ref _groups[index];
                if (group.Hash == hash && group.SliceEnd == sliceEnd && EqualityComparer<TKey>.Default.Equals(group.Key, key))
                {
                    Add(ref partials.Values[index], in record);
                    break;
                }

                place = (place + 1) & mask;
            }
        }

        Forget(partials.Count);
    }

    private void EnsureRoom(int capacity)
    {
        if (_groups.Length < capacity)
        {
            _groups = new Group[capacity];
            _places = new int[BitOperations.RoundUpToPowerOf2((uint)(2 * capacity))];
        }
    }

    private void Forget(int groups)
    {
        for (int i = 0; i < groups; i++)
        {
            _places[_groups[i].Place] = 0;
        }

        if (RuntimeHelpers.IsReferenceOrContainsReferences<TKey>())
        {
            Array.Clear(_groups, 0, groups);
        }
    }

    private void Begin(RecordBatch<Partial<T, TContent>> partials, in Group group, in T record, long timestamp)
    {
        int index = partials.Count++;
        _groups[index] = group;
        _places[group.Place] = index + 1;
        Write(ref partials.Values[index], in record);
        partials.Timestamps[index] = timestamp;
    }

    // What batches of numbers had before is still in them.
    private static void Write(ref Partial<T, TContent> partial, in T record)
    {
        RecordCopy<T>.Write(ref partial.Record, in record);
        partial.Content = default;
        partial.Aggregated = 0;
    }

    private void Add(ref Partial<T, TContent> partial, in T record)
    {
        if (partial.Aggregated == 0)
        {
            aggregation!.Start(ref partial.Content!, partial.Record);
            partial.Aggregated = 1;
        }

        aggregation!.Add(ref partial.Content!, record);
        partial.Aggregated++;
    }

    private readonly record struct Group(ulong Hash, long SliceEnd, int Place, TKey Key);
}
