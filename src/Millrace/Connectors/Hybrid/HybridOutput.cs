namespace Millrace.Connectors;

/// <summary>The output of one of the two sources of a hybrid one: the ids of their splits must not be taken for each other's.</summary>
internal sealed class HybridOutput<T>(string prefix) : ReaderOutput<T>
{
    public ReaderOutput<T> Target { get; set; } = null!;

    public override void Collect(T value, long timestamp = EventTime.None) => Target.Collect(value, timestamp);

    public override void EmitWatermark(long timestamp) => Target.EmitWatermark(timestamp);

    public override void MarkIdle() => Target.MarkIdle();

    public override void Output<TSide>(OutputTag<TSide> tag, TSide value) => Target.Output(tag, value);

    public override SourceOutput<T> ForSplit(string splitId) => Target.ForSplit(prefix + splitId);

    public override void ReleaseSplit(string splitId) => Target.ReleaseSplit(prefix + splitId);
}
