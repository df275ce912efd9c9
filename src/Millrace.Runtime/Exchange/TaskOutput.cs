namespace Millrace.Runtime.Exchange;

/// <summary>A way out of a task.</summary>
internal abstract class TaskOutput
{
    /// <summary>Sends what waits for credit, as far as there is some.</summary>
    public abstract void Drain();

    /// <summary>Sends partly filled batches.</summary>
    public abstract void Flush();
}
