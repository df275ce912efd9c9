using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange;

/// <summary>To the subtask that owns the key group of the record's key.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
internal sealed class HashPartitioner<T, TKey> : Partitioner<T>
{
    private readonly Func<T, TKey> _selectKey;
    private readonly StableHasher<TKey> _hasher;
    private readonly int _maxParallelism;
    private readonly int[] _subtaskOfGroup;
    private readonly string _description;
    private bool _leavesErrors;

    /// <param name="selectKey">Gives a record's key.</param>
    /// <param name="hasher">Hashes keys.</param>
    /// <param name="maxParallelism">The consumer's key groups.</param>
    /// <param name="parallelism">The consumer's subtasks.</param>
    /// <param name="description">Which stream this is, for messages.</param>
    public HashPartitioner(Func<T, TKey> selectKey, StableHasher<TKey> hasher, int maxParallelism, int parallelism, string description)
    {
        _description = description;
        _selectKey = selectKey;
        _hasher = hasher;
        _maxParallelism = maxParallelism;
        _subtaskOfGroup = new int[maxParallelism];
        for (int group = 0; group < maxParallelism; group++)
        {
            _subtaskOfGroup[group] = KeyGroups.SubtaskOf(group, maxParallelism, parallelism);
        }
    }

    /// <summary>Whether the consumer calls the key selector too.</summary>
    public bool CanLeaveErrors { get; init; }

    /// <summary>Gives a record's key.</summary>
    public Func<T, TKey> SelectKey => _selectKey;

    /// <summary>Hashes keys.</summary>
    public StableHasher<TKey> Hasher => _hasher;

    /// <summary>The channel of a key with a hash.</summary>
    public int ChannelOf(ulong hash) => _subtaskOfGroup[KeyGroups.GroupOf(hash, _maxParallelism)];

    public override void LeaveErrorsToConsumer() => _leavesErrors = CanLeaveErrors;

    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        if (output.ChannelCount == 1)
        {
            output.Pass(0, batch);
            return;
        }

        if (_leavesErrors)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                output.Open(ChannelOrAny(batch.Values[i])).Add(in batch.Values[i], batch.Timestamps[i]);
            }

            BatchPool<T>.Return(batch);
            return;
        }

        int[] subtaskOfGroup = _subtaskOfGroup;
        var values = batch.Records;
        try
        {
            for (int i = 0; i < values.Length; i++)
            {
                ref readonly var value = ref values[i];
                var key = _selectKey(value);
                if (key is null)
                {
                    throw new InvalidOperationException("The key selector returned null. A key must have a value: filter such records out or give them one.");
                }

                int channel = subtaskOfGroup[KeyGroups.GroupOf(_hasher.Hash(key), _maxParallelism)];
                output.Open(channel).Add(in value, batch.Timestamps[i]);
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw new OperatorException($"The key selector of {_description} failed on a record: {cause.GetType().Name}: {cause.Message}", cause);
        }

        BatchPool<T>.Return(batch);
    }

    /// <summary>Where a record belongs; where its key cannot be had, the first channel: the consumer there finds the same error, and knows what to do with it.</summary>
    private int ChannelOrAny(T value)
    {
        try
        {
            var key = _selectKey(value);
            return key is null ? 0 : _subtaskOfGroup[KeyGroups.GroupOf(_hasher.Hash(key), _maxParallelism)];
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException or OutOfMemoryException))
        {
            return 0;
        }
    }
}
