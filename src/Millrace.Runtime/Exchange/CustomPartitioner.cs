using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Exchange;

/// <summary>Each record to the subtask that a function of the user's chooses.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="choose">Gives the subtask of a record; is told how many there are.</param>
/// <param name="description">Which stream this is, for messages.</param>
internal sealed class CustomPartitioner<T>(Func<T, int, int> choose, string description) : Partitioner<T>
{
    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        int channels = output.ChannelCount;
        var values = batch.Records;
        for (int i = 0; i < values.Length; i++)
        {
            output.Open(Choose(values[i], channels)).Add(values[i], batch.Timestamps[i]);
        }

        BatchPool<T>.Return(batch);
    }

    private int Choose(T record, int channels)
    {
        try
        {
            int channel = choose(record, channels);
            return (uint)channel < (uint)channels
                ? channel
                : throw new InvalidOperationException($"it chose subtask {channel}, and there are {channels}: it must choose one from 0 to {channels - 1}.");
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw new OperatorException($"The partitioner of {description} failed on a record: {cause.GetType().Name}: {cause.Message}", cause);
        }
    }
}
