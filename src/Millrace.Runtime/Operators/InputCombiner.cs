using Millrace.Runtime.Exchange;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Operators;

/// <summary>
/// Makes one stream of control elements out of those of two inputs: the watermark is the lesser of theirs, the operator is idle when both are, and its input
/// has ended when both have.
/// </summary>
/// <remarks>
/// What follows from one element can be several. They wait here and are handed on one at a time: an operator that is interrupted by backpressure must not
/// be given the next.
/// </remarks>
/// <param name="target">The operator; <see langword="null"/> where nobody takes anything any more.</param>
internal sealed class InputCombiner(ITwoInputOperator? target)
{
    private const int Inputs = 2;

    private readonly WatermarkTracker _tracker = new(Inputs);
    private readonly Queue<ControlElement> _waiting = new();
    private readonly bool[] _ended = new bool[Inputs];
    private bool _idle;

    /// <summary>One of the inputs, as those that feed it see it.</summary>
    /// <typeparam name="T">The type of the input.</typeparam>
    /// <param name="input">0 or 1.</param>
    public IReceiver<T> Port<T>(int input) => new InputPort<T>(this, input, target is null ? new NoReceiver<T>() : target.InputOf<T>(input));

    /// <summary>Hands on what waits first. Not while the operator is unfinished.</summary>
    /// <param name="element">What it was.</param>
    /// <returns>Whether there was something.</returns>
    public bool TryDeliver(out ControlElement element)
    {
        if (!_waiting.TryDequeue(out element))
        {
            return false;
        }

        target?.Control(element);
        return true;
    }

    private void Take(int input, in ControlElement element)
    {
        switch (element.Kind)
        {
            case ElementKind.Watermark:
                Announce(_tracker.Advance(input, element.Value));
                break;
            case ElementKind.Idle:
                Announce(_tracker.SetIdle(input, element.Value != 0));
                break;
            case ElementKind.EndOfInput when !_ended[input]:
                _ended[input] = true;
                Announce(_tracker.End(input));
                if (Array.TrueForAll(_ended, ended => ended))
                {
                    _waiting.Enqueue(element);
                }

                break;
            case ElementKind.EndOfInput:
                break;
            default:
                _waiting.Enqueue(element);
                break;
        }
    }

    private void Announce(bool watermarkMoved)
    {
        if (_idle && !_tracker.IsIdle)
        {
            _idle = false;
            _waiting.Enqueue(ControlElement.Idle(false));
        }

        if (watermarkMoved)
        {
            _waiting.Enqueue(ControlElement.Watermark(_tracker.Watermark));
        }

        if (!_idle && _tracker.IsIdle)
        {
            _idle = true;
            _waiting.Enqueue(ControlElement.Idle(true));
        }
    }

    private sealed class InputPort<T>(InputCombiner owner, int input, IReceiver<T> records) : IReceiver<T>
    {
        public void Receive(RecordBatch<T> batch) => records.Receive(batch);

        public void Control(in ControlElement element) => owner.Take(input, element);
    }
}
