using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Exchange;

/// <summary>What travels through channels, in order.</summary>
internal enum ElementKind : byte
{
    /// <summary>A batch of records.</summary>
    Batch,

    /// <summary>No record at or before the value is expected any more.</summary>
    Watermark,

    /// <summary>The channel has nothing to say about time (value 1), or again has (value 0).</summary>
    Idle,

    /// <summary>Measures the time from source to sink.</summary>
    LatencyMarker,

    /// <summary>No more records follow; with checkpoints, barriers may.</summary>
    EndOfInput,

    /// <summary>What was before it belongs to a checkpoint, what is behind it does not.</summary>
    Barrier,

    /// <summary>Nothing at all follows: the producer has ended.</summary>
    Closed,
}

/// <summary>A control element: everything that travels between batches.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">The watermark; 1 or 0 for idle or active; the moment a marker was sent, in ticks of UTC by the sender's clock.</param>
/// <param name="Source">The node that sent a latency marker.</param>
/// <param name="Subtask">The subtask that sent a latency marker.</param>
/// <param name="Checkpoint">The barrier.</param>
internal readonly record struct ControlElement(ElementKind Kind, long Value = 0, int Source = 0, int Subtask = 0, CheckpointBarrier? Checkpoint = null)
{
    public static ControlElement Closed => new(ElementKind.Closed);

    public static ControlElement Barrier(CheckpointBarrier barrier) => new(ElementKind.Barrier, Checkpoint: barrier);

    public static ControlElement EndOfInput => new(ElementKind.EndOfInput);

    public static ControlElement Watermark(long timestamp) => new(ElementKind.Watermark, timestamp);

    public static ControlElement Idle(bool idle) => new(ElementKind.Idle, idle ? 1 : 0);
}

/// <summary>A batch or a control element, as it lies in a channel.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal readonly struct StreamElement<T>
{
    public readonly RecordBatch<T>? Batch;
    public readonly ControlElement Control;

    public StreamElement(RecordBatch<T> batch)
    {
        Batch = batch;
    }

    public StreamElement(in ControlElement control)
    {
        Control = control;
    }
}
