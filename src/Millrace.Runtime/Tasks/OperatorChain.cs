using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Tasks;

/// <summary>
/// The operators of one subtask, from head to tail, with the task's ways in and out. Walked by index several times a batch: an enumerator of a list
/// behind an interface is an allocation.
/// </summary>
/// <param name="Operators">Every operator behind those that feed it.</param>
/// <param name="Inputs">Where elements come from.</param>
/// <param name="Outputs">Where they leave for other tasks.</param>
internal sealed record OperatorChain(IReadOnlyList<StreamOperator> Operators, IReadOnlyList<TaskInput> Inputs, IReadOnlyList<TaskOutput> Outputs)
{
    /// <summary>Hands restored records to operators inside the chain; called once, behind the opening.</summary>
    public List<Action> Replays { get; } = [];

    /// <summary>Opens the operators, those at the end first: nobody emits into an operator that is not open.</summary>
    public void Open()
    {
        for (int i = Operators.Count - 1; i > 0; i--)
        {
            Operators[i].Open();
        }

        // Before the head is open: a source says then how far event time had come in what it has read, and that is behind what was in flight from it.
        Replays.ForEach(static replay => replay());
        Replays.Clear();
        if (Operators.Count > 0)
        {
            Operators[0].Open();
        }
    }

    /// <summary>Hands on all partly filled batches.</summary>
    public void Flush()
    {
        for (int i = 0; i < Operators.Count; i++)
        {
            Operators[i].Flush();
        }

        for (int i = 0; i < Outputs.Count; i++)
        {
            Outputs[i].Flush();
        }
    }

    /// <summary>Lets operators hand on what they have made of a batch; what is on its way out waits until a batch is full.</summary>
    public void HandOn()
    {
        for (int i = 0; i < Operators.Count; i++)
        {
            Operators[i].HandOn();
        }
    }

    public void Drain()
    {
        for (int i = 0; i < Outputs.Count; i++)
        {
            Outputs[i].Drain();
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

    public long NextTimer()
    {
        long next = long.MaxValue;
        for (int i = 0; i < Operators.Count; i++)
        {
            next = Math.Min(next, Operators[i].NextTimer);
        }

        return next;
    }
}
