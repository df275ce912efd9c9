namespace Millrace.Runtime.Exchange;

/// <summary>Deals the records of a batch out to channels. Each output of each subtask has one of its own.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal abstract class Partitioner<T>
{
    /// <summary>Routes a batch, and takes it.</summary>
    public abstract void Route(RecordBatch<T> batch, ExchangeOutput<T> output);

    /// <summary>The consumer has a policy for errors: a record that cannot be routed is sent to any channel, if the consumer fails on it in the same way.</summary>
    public virtual void LeaveErrorsToConsumer()
    {
    }
}

/// <summary>To the subtask of the same index: there is one channel.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ForwardPartitioner<T> : Partitioner<T>
{
    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output) => output.Pass(0, batch);
}

/// <summary>All to the first subtask.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class GlobalPartitioner<T> : Partitioner<T>
{
    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output) => output.Pass(0, batch);
}

/// <summary>To every subtask.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class BroadcastPartitioner<T> : Partitioner<T>
{
    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        for (int channel = 0; channel < output.ChannelCount; channel++)
        {
            output.Copy(channel, batch, 0, batch.Count);
        }

        BatchPool<T>.Return(batch);
    }
}

/// <summary>
/// Evenly to all subtasks in turn. A batch is cut into runs, one for each channel, so that records are copied in blocks and a short stream is
/// spread as well as a long one.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class RebalancePartitioner<T>(int firstChannel) : Partitioner<T>
{
    private int _next = firstChannel;

    public override void Route(RecordBatch<T> batch, ExchangeOutput<T> output)
    {
        int channels = output.ChannelCount;
        if (channels == 1)
        {
            output.Pass(0, batch);
            return;
        }

        int start = 0;
        int left = channels;
        while (start < batch.Count)
        {
            int run = (batch.Count - start + left - 1) / left;
            output.Copy(_next % channels, batch, start, run);
            start += run;
            left--;
            _next = (_next + 1) % channels;
        }

        BatchPool<T>.Return(batch);
    }
}
