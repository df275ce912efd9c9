using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.Local;

/// <summary>
/// The first of two steps of a window's aggregation, in front of the exchange: records of one key and slice that come in one batch go on as one, with what they have been aggregated to beside it
/// (<see cref="RecordBatch{T}.Partials"/>). It keeps nothing from batch to batch, so that nothing is late because of it, and a snapshot has nothing of it.
/// </summary>
/// <remarks>
/// Where it does not pay, because most records of a batch have a key of their own, records go on as they are, and now and then a batch is tried again. They also do so when user code throws:
/// the window operator then fails on the very record, and says so as it always does.
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
/// <param name="partitioner">Deals out records.</param>
/// <param name="windows">Size, slide and offset.</param>
/// <param name="aggregation">How records become content.</param>
internal sealed class LocalAggregator<TKey, T, TContent>(HashPartitioner<T, TKey> partitioner, AlignedWindows windows, WindowAggregation<T, TContent> aggregation) : Partitioner<T>
    where TKey : notnull
{
    // Fewer records are as soon handed on.
    private const int FewestRecords = 4;

    // For how many batches records go on as they are, at most, before one is tried again: a trial costs a few nanoseconds a record.
    private const int LongestRest = 64;

    private readonly SliceGrid _grid = new(windows);

    // The index of a group plus one, by the hash of its key; 0 is empty.
    private int[] _places = [];
    private Group[] _groups = [];
    private int _groupCount;

    // How many batches go on as they are, and how many did the last time.
    private int _resting;
    private int _rest;

    // So many records have to become one for it to pay: an object for each partial aggregate is dearer than a number.
    private static int FewestPerPartial => RuntimeHelpers.IsReferenceOrContainsReferences<TContent>() ? 4 : 2;

    public override void LeaveErrorsToConsumer() => partitioner.LeaveErrorsToConsumer();

    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        if (_resting > 0 || batch.Count < FewestRecords)
        {
            _resting -= _resting is > 0 and < int.MaxValue ? 1 : 0;
            partitioner.Route(batch, output);
            return;
        }

        EnsureRoom(batch.Capacity);
        try
        {
            Aggregate(batch);
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // From now on records go as they are.
            _resting = int.MaxValue;
            (_places, _groups, _groupCount) = ([], [], 0);
            partitioner.Route(batch, output);
            return;
        }

        bool pays = _groupCount * FewestPerPartial <= batch.Count;
        _rest = pays ? 0 : Math.Clamp(_rest * 2, 1, LongestRest);
        _resting = _rest;
        Emit(batch, output);
        BatchPool<T>.Return(batch);
        Forget();
    }

    private void EnsureRoom(int capacity)
    {
        if (_groups.Length < capacity)
        {
            _groups = new Group[capacity];
            _places = new int[BitOperations.RoundUpToPowerOf2((uint)(2 * capacity))];
        }
    }

    private void Aggregate(RecordBatch<T> batch)
    {
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
            var key = partitioner.SelectKey(record);
            ulong hash = partitioner.Hasher.Hash(key);
            int place = (int)(hash ^ (hash >> 32)) & mask;
            while (true)
            {
                int index = _places[place] - 1;
                if (index < 0)
                {
                    _places[place] = ++_groupCount;
                    ref var added = ref _groups[_groupCount - 1];
                    (added.Hash, added.SliceEnd, added.Key, added.Place, added.First, added.Count) = (hash, sliceEnd, key, place, i, 1);
                    break;
                }

                ref var group = ref _groups[index];
                if (group.Hash == hash && group.SliceEnd == sliceEnd && EqualityComparer<TKey>.Default.Equals(group.Key, key))
                {
                    if (group.Count++ == 1)
                    {
                        aggregation.Start(ref group.Content, records[group.First]);
                    }

                    aggregation.Add(ref group.Content, record);
                    break;
                }

                place = (place + 1) & mask;
            }
        }
    }

    private void Emit(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        for (int i = 0; i < _groupCount; i++)
        {
            ref readonly var group = ref _groups[i];
            var open = output.Open(output.ChannelCount == 1 ? 0 : partitioner.ChannelOf(group.Hash));
            if (group.Count > 1)
            {
                var partials = (PartialColumn<TContent>)(open.Partials ??= PartialColumn<TContent>.Rent(open.Capacity));
                partials.Set(open.Count, in group.Content, group.Count);
            }

            open.Add(in batch.Values[group.First], batch.Timestamps[group.First]);
        }
    }

    private void Forget()
    {
        for (int i = 0; i < _groupCount; i++)
        {
            _places[_groups[i].Place] = 0;
        }

        if (RuntimeHelpers.IsReferenceOrContainsReferences<Group>())
        {
            Array.Clear(_groups, 0, _groupCount);
        }

        _groupCount = 0;
    }

    /// <summary>Records of one key and slice: the first of them, and what all come to where there are several.</summary>
    private struct Group
    {
        public ulong Hash;
        public long SliceEnd;
        public int Place;
        public int First;
        public int Count;
        public TKey Key;
        public TContent Content;
    }
}
