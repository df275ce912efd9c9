using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>One of two inputs of an operator: hands batches on to the method that is for them.</summary>
/// <typeparam name="T">The type of the input.</typeparam>
/// <param name="receive">Takes a batch.</param>
internal sealed class RecordInput<T>(Action<RecordBatch<T>> receive) : IReceiver<T>
{
    public void Receive(RecordBatch<T> batch) => receive(batch);

    public void Control(in ControlElement element) =>
        throw new InvalidOperationException("Control elements of an operator with two inputs are put together before they come to it.");
}
