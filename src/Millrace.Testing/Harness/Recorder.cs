using Millrace.Runtime.Exchange;

namespace Millrace.Testing;

/// <summary>Keeps everything that comes out of the subtasks of an operator.</summary>
internal sealed class Recorder<T>
{
    private readonly HashSet<Subtask> _idle = [];

    public List<T> Values { get; } = [];

    public List<(T Value, long Timestamp)> Records { get; } = [];

    public List<long> Watermarks { get; } = [];

    /// <summary>How many subtasks are idle.</summary>
    public int Idle => _idle.Count;

    public int Ended { get; private set; }

    /// <summary>The place where one subtask ends.</summary>
    public IReceiver<T> OfSubtask() => new Subtask(this);

    private sealed class Subtask(Recorder<T> owner) : IReceiver<T>
    {
        public void Receive(RecordBatch<T> batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                owner.Values.Add(batch.Values[i]);
                owner.Records.Add((batch.Values[i], batch.Timestamps[i]));
            }

            BatchPool<T>.Return(batch);
        }

        public void Control(in ControlElement element)
        {
            switch (element.Kind)
            {
                case ElementKind.Watermark:
                    owner.Watermarks.Add(element.Value);
                    break;
                case ElementKind.Idle when element.Value != 0:
                    owner._idle.Add(this);
                    break;
                case ElementKind.Idle:
                    owner._idle.Remove(this);
                    break;
                case ElementKind.EndOfInput:
                    owner.Ended++;
                    break;
            }
        }
    }
}
