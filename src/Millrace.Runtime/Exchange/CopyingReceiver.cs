using Millrace.Serialization;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// Copies every record through its serializer before it is handed on, so that code which changes a record after it was emitted, or keeps one that
/// it should not, shows. Only with <see cref="ExecutionOptions.ObjectReuseCheck"/>.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class CopyingReceiver<T>(IReceiver<T> receiver, TypeSerializer<T> serializer) : IReceiver<T>
{
    public void Receive(RecordBatch<T> batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            batch.Values[i] = serializer.Copy(batch.Values[i]);
        }

        receiver.Receive(batch);
    }

    public void Control(in ControlElement element) => receiver.Control(element);
}
