using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;

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

    public HashPartitioner(Func<T, TKey> selectKey, StableHasher<TKey> hasher, int maxParallelism, int parallelism)
    {
        _selectKey = selectKey;
        _hasher = hasher;
        _maxParallelism = maxParallelism;
        _subtaskOfGroup = new int[maxParallelism];
        for (int group = 0; group < maxParallelism; group++)
        {
            _subtaskOfGroup[group] = KeyGroups.SubtaskOf(group, maxParallelism, parallelism);
        }
    }

    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        if (output.ChannelCount == 1)
        {
            output.Pass(0, batch);
            return;
        }

        int[] subtaskOfGroup = _subtaskOfGroup;
        var values = batch.Records;
        for (int i = 0; i < values.Length; i++)
        {
            ref readonly var value = ref values[i];
            int channel = subtaskOfGroup[KeyGroups.GroupOf(_hasher.Hash(_selectKey(value)), _maxParallelism)];
            output.Open(channel).Add(value, batch.Timestamps[i]);
        }

        BatchPool<T>.Return(batch);
    }
}
