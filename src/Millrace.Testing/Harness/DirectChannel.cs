using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;

namespace Millrace.Testing;

/// <summary>A channel that hands everything to the operator at once.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class DirectChannel<T>(IReceiver<T> receiver) : IChannelSender<T>
{
    // The harness sends no barriers through channels.
    public void Announce(CheckpointBarrier barrier)
    {
    }

    public bool TrySend(in StreamElement<T> element)
    {
        if (element.Batch is { } batch)
        {
            receiver.Receive(batch);
        }
        else
        {
            receiver.Control(element.Control);
        }

        return true;
    }
}
