using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>
/// The input of a task whose head has two: polls them in turn, so that neither starves while the other keeps the task busy. Barriers need nothing here: the
/// subtask aligns over the channels of all its inputs, and each input records what is in flight in its own.
/// </summary>
/// <param name="combiner">Puts control elements together.</param>
/// <param name="inputs">The two inputs, which feed the ports of the combiner.</param>
internal sealed class CombinedInput(InputCombiner combiner, IReadOnlyList<TaskInput> inputs) : TaskInput
{
    private int _next;

    public override bool IsClosed
    {
        get
        {
            for (int i = 0; i < inputs.Count; i++)
            {
                if (!inputs[i].IsClosed)
                {
                    return false;
                }
            }

            return true;
        }
    }

    public override InputStatus Poll()
    {
        // Before anything else is taken: a barrier that comes next must find done what came before it.
        if (combiner.TryDeliver(out var element))
        {
            return element.Kind == Exchange.ElementKind.EndOfInput ? InputStatus.Ended : InputStatus.Progress;
        }

        for (int i = 0; i < inputs.Count; i++)
        {
            var input = inputs[_next];
            _next = _next + 1 == inputs.Count ? 0 : _next + 1;
            if (input.Poll() != InputStatus.Empty)
            {
                return InputStatus.Progress;
            }
        }

        return InputStatus.Empty;
    }

    public override void RestoreInFlight(IReadOnlyList<InFlightSnapshot> snapshots)
    {
        for (int i = 0; i < inputs.Count; i++)
        {
            inputs[i].RestoreInFlight(snapshots);
        }
    }
}
