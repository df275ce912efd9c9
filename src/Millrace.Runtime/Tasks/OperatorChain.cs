using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Tasks;

/// <summary>The operators of one subtask, from head to tail, with the task's ways in and out.</summary>
/// <param name="Operators">Every operator behind those that feed it.</param>
/// <param name="Inputs">Where elements come from.</param>
/// <param name="Outputs">Where they leave for other tasks.</param>
internal sealed record OperatorChain(IReadOnlyList<StreamOperator> Operators, IReadOnlyList<TaskInput> Inputs, IReadOnlyList<TaskOutput> Outputs)
{
    /// <summary>Opens the operators, those at the end first: nobody emits into an operator that is not open.</summary>
    public void Open()
    {
        for (int i = Operators.Count - 1; i >= 0; i--)
        {
            Operators[i].Open();
        }
    }

    /// <summary>Hands on all partly filled batches.</summary>
    public void Flush()
    {
        foreach (var op in Operators)
        {
            op.Flush();
        }

        foreach (var output in Outputs)
        {
            output.Flush();
        }
    }

    public void Drain()
    {
        foreach (var output in Outputs)
        {
            output.Drain();
        }
    }

    /// <summary>The operator with interrupted work that is nearest to the end: what it still has comes before what those in front of it have.</summary>
    public StreamOperator? FindUnfinished()
    {
        for (int i = Operators.Count - 1; i >= 0; i--)
        {
            if (Operators[i].IsUnfinished)
            {
                return Operators[i];
            }
        }

        return null;
    }

    public long NextProcessingTime()
    {
        long next = long.MaxValue;
        foreach (var op in Operators)
        {
            next = Math.Min(next, op.NextProcessingTime);
        }

        return next;
    }
}
