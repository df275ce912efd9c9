using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// Copies every record through its serializer before it is handed on, so that code which changes a record after it was emitted, or keeps one that
/// it should not, shows. Only with <see cref="ExecutionOptions.ObjectReuseCheck"/>.
/// </summary>
/// <param name="receiver">Who gets the copies.</param>
/// <param name="serializer">Copies.</param>
/// <param name="description">Which stream this is, for messages.</param>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class CopyingReceiver<T>(IReceiver<T> receiver, TypeSerializer<T> serializer, string description) : IReceiver<T>
{
    public void Receive(RecordBatch<T> batch)
    {
        try
        {
            for (int i = 0; i < batch.Count; i++)
            {
                batch.Values[i] = serializer.Copy(batch.Values[i]);
            }
        }
        catch (Exception cause) when (cause is not MillraceException)
        {
            throw new OperatorException($"The serializer of {description} failed on a record: {cause.GetType().Name}: {cause.Message}", cause);
        }

        receiver.Receive(batch);
    }

    public void Control(in ControlElement element) => receiver.Control(element);
}
