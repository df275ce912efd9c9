using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>An operator around a user's function, which it opens and closes.</summary>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class FunctionOperator<TOut>(StreamFunction? function) : InputOperator<TOut>
{
    private bool _opened;

    public override void Open()
    {
        if (function is null || !Context.OpensFunctions)
        {
            return;
        }

        _opened = true;
        try
        {
            function.Start(CreateRuntimeContext());
        }
        catch (Exception cause)
        {
            throw Context.Failure(cause, "in Open");
        }
    }

    public override void Close()
    {
        // A function whose Open threw is closed too: it may hold what it took before.
        if (!_opened)
        {
            return;
        }

        _opened = false;
        try
        {
            function!.Close();
        }
        catch (Exception cause)
        {
            throw Context.Failure(cause, "in Close");
        }
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        if (function is ICheckpointedFunction checkpointed)
        {
            Call(() => checkpointed.SnapshotState(snapshot.Barrier.CheckpointId), "in SnapshotState");
        }

        base.Snapshot(snapshot);
    }

    public override void CheckpointCompleted(long checkpointId)
    {
        if (function is ICheckpointListener listener)
        {
            Call(() => listener.CheckpointCompleted(checkpointId), "in CheckpointCompleted");
        }
    }

    public override void CheckpointAborted(long checkpointId)
    {
        if (function is ICheckpointListener listener)
        {
            Call(() => listener.CheckpointAborted(checkpointId), "in CheckpointAborted");
        }
    }

    private void Call(Action action, string during)
    {
        try
        {
            action();
        }
        catch (Exception cause) when (cause is not (MillraceException or Tasks.OperatorException))
        {
            throw Context.Failure(cause, during);
        }
    }

    protected virtual RuntimeContext CreateRuntimeContext() => new OperatorRuntimeContext(Context);
}

/// <summary>An operator with one input around a user's function.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class FunctionOperator<TIn, TOut>(StreamFunction? function) : FunctionOperator<TOut>(function), IReceiver<TIn>
{
    public abstract void Receive(RecordBatch<TIn> batch);
}
