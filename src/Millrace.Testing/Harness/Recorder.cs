using Millrace.Runtime.Exchange;

namespace Millrace.Testing;

/// <summary>Keeps everything that comes out of an operator.</summary>
internal sealed class Recorder<T> : IReceiver<T>
{
    public List<T> Values { get; } = [];

    public List<(T Value, long Timestamp)> Records { get; } = [];

    public List<long> Watermarks { get; } = [];

    public bool Idle { get; private set; }

    public int Ended { get; private set; }

    public void Receive(RecordBatch<T> batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            Values.Add(batch.Values[i]);
            Records.Add((batch.Values[i], batch.Timestamps[i]));
        }

        BatchPool<T>.Return(batch);
    }

    public void Control(in ControlElement element)
    {
        switch (element.Kind)
        {
            case ElementKind.Watermark:
                Watermarks.Add(element.Value);
                break;
            case ElementKind.Idle:
                Idle = element.Value != 0;
                break;
            case ElementKind.EndOfInput:
                Ended++;
                break;
        }
    }
}
