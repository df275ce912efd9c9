namespace Millrace.Runtime.Operators;

/// <summary>An operator around a user's function, which it opens and closes.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class FunctionOperator<TIn, TOut>(StreamFunction? function) : StreamOperator<TIn, TOut>
{
    private bool _opened;

    public override void Open()
    {
        if (function is null)
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

    protected virtual RuntimeContext CreateRuntimeContext() => new OperatorRuntimeContext(Context);
}
