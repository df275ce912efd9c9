namespace Millrace;

/// <summary>
/// The base of every function that is written as a class: it is opened once per subtask before the first record and closed once
/// after the last, also when the job fails or is cancelled.
/// </summary>
/// <remarks>
/// A function is given to a stream as a factory (<c>() =&gt; new MyFunction()</c>), so that each subtask has an instance of its own and its
/// fields need no locks. All calls of one subtask come one at a time.
/// </remarks>
public abstract class StreamFunction
{
    /// <summary>What the function knows about its place in the job; set before <see cref="Open"/> is called.</summary>
    protected RuntimeContext RuntimeContext { get; private set; } = null!;

    /// <summary>Called once before the first record: get state handles, load reference data.</summary>
    /// <param name="context">The function's place in the job.</param>
    public virtual void Open(RuntimeContext context)
    {
    }

    /// <summary>Called once after the last record, and also after a failure or a cancellation: release what <see cref="Open"/> took.</summary>
    public virtual void Close()
    {
    }

    /// <summary>Whether the function is opened or closed: one that is not can be called wherever there is an instance of it.</summary>
    internal bool HasLifecycle => ((Action<RuntimeContext>)Open).Method.DeclaringType != typeof(StreamFunction) || ((Action)Close).Method.DeclaringType != typeof(StreamFunction);

    internal void Start(RuntimeContext context)
    {
        RuntimeContext = context;
        Open(context);
    }
}
