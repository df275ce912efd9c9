using System.Runtime.ExceptionServices;

namespace Millrace.Runtime.Operators;

/// <summary>Several functions of one operator, opened in order and closed in reverse, each whatever the others do.</summary>
internal sealed class FunctionGroup(IReadOnlyList<StreamFunction> functions) : StreamFunction
{
    private int _opened;

    public override void Open(RuntimeContext context)
    {
        foreach (var function in functions)
        {
            _opened++;
            function.Start(context);
        }
    }

    public override void Close()
    {
        Exception? error = null;
        for (; _opened > 0; _opened--)
        {
            try
            {
                functions[_opened - 1].Close();
            }
            catch (Exception cause)
            {
                error ??= cause;
            }
        }

        if (error is not null)
        {
            ExceptionDispatchInfo.Throw(error);
        }
    }
}
