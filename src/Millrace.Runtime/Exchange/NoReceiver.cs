namespace Millrace.Runtime.Exchange;

/// <summary>Takes what comes for an operator that has nothing to do any more.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class NoReceiver<T> : IReceiver<T>
{
    public void Receive(RecordBatch<T> batch) => BatchPool<T>.Return(batch);

    public void Control(in ControlElement element)
    {
    }
}
