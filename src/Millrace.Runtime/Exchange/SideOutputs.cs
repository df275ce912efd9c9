namespace Millrace.Runtime.Exchange;

/// <summary>The side outputs of one operator in one subtask.</summary>
internal sealed class SideOutputs
{
    private readonly List<SideOutput> _outputs = [];
    private SideOutput? _last;

    /// <summary>The port of a side output that somebody reads; made before the operator is opened.</summary>
    public OutputPort<T> Port<T>(OutputTag<T> tag, int batchSize)
    {
        if (Find(tag) is not { } output)
        {
            output = new SideOutput<T>(tag, batchSize);
            _outputs.Add(output);
        }

        return ((SideOutput<T>)output).Port;
    }

    /// <summary>Whether somebody reads any of them.</summary>
    public bool Any => _outputs.Count > 0;

    public bool IsRead<T>(OutputTag<T> tag) => Find(tag) is not null;

    public void Emit<T>(OutputTag<T> tag, T value, long timestamp)
    {
        // Functions mostly use one tag, and always the same object.
        var output = _last is { } last && ReferenceEquals(last.Tag, tag) ? last : Find(tag);
        if (output is not null)
        {
            _last = output;
            ((SideOutput<T>)output).Collector.Collect(value, timestamp);
        }
    }

    public void Flush()
    {
        foreach (var output in _outputs)
        {
            output.Flush();
        }
    }

    public void Control(in ControlElement element)
    {
        foreach (var output in _outputs)
        {
            output.AnyPort.Control(element);
        }
    }

    /// <summary>Hands on what has been gathered, and a control element behind it.</summary>
    public void FlushAndControl(in ControlElement element)
    {
        Flush();
        Control(element);
    }

    private SideOutput? Find(object tag) => _outputs.Find(output => output.Tag.Equals(tag));

    private abstract class SideOutput(object tag)
    {
        public object Tag { get; } = tag;

        public abstract OutputPort AnyPort { get; }

        public abstract void Flush();
    }

    private sealed class SideOutput<T> : SideOutput
    {
        public SideOutput(OutputTag<T> tag, int batchSize)
            : base(tag)
        {
            Collector = new BatchCollector<T>(Port, batchSize);
        }

        public OutputPort<T> Port { get; } = new();

        public BatchCollector<T> Collector { get; }

        public override OutputPort AnyPort => Port;

        public override void Flush() => Collector.Flush();
    }
}
