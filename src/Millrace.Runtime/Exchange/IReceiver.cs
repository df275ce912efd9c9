namespace Millrace.Runtime.Exchange;

/// <summary>Takes a stream: an operator, or the way out of a task. One virtual call per batch.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal interface IReceiver<T>
{
    /// <summary>Takes a batch and with it its ownership.</summary>
    void Receive(RecordBatch<T> batch);

    /// <summary>Takes a control element; everything before it has been received.</summary>
    void Control(in ControlElement element);
}
