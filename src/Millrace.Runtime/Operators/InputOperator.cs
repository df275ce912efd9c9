using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators;

/// <summary>An operator that takes streams, one or two: what control elements do to it. Those of two inputs have been put together before.</summary>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class InputOperator<TOut> : StreamOperator<TOut>
{
    public void Control(in ControlElement element)
    {
        switch (element.Kind)
        {
            case ElementKind.Watermark:
                Context.Metrics.InputWatermark = element.Value;
                OnWatermark(element.Value);
                break;
            case ElementKind.EndOfInput:
                OnEndOfInput();
                break;
            case ElementKind.LatencyMarker:
                OnLatencyMarker(element);
                break;
            case ElementKind.Idle:
                OnIdle(element.Value != 0);
                break;
            default:
                Flush();
                Forward(element);
                break;
        }
    }

    /// <summary>Event time moves on. What is due must be emitted before the watermark is handed on.</summary>
    protected virtual void OnWatermark(long timestamp)
    {
        AdvanceWatermark(timestamp);
        Flush();
        Forward(ControlElement.Watermark(timestamp));
    }

    /// <summary>Nothing follows.</summary>
    protected virtual void OnEndOfInput()
    {
        Flush();
        Forward(ControlElement.EndOfInput);
    }

    /// <summary>The input has nothing to say about time, or again has.</summary>
    protected virtual void OnIdle(bool idle)
    {
        Flush();
        Forward(ControlElement.Idle(idle));
    }

    protected virtual void OnLatencyMarker(in ControlElement marker)
    {
        Flush();
        Forward(marker);
    }

    protected void AdvanceWatermark(long timestamp)
    {
        CurrentWatermark = timestamp;
        Context.Metrics.Watermark = timestamp;
    }
}
