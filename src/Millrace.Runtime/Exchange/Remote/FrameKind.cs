namespace Millrace.Runtime.Exchange.Remote;

/// <summary>What a frame carries. The numbers are part of the format.</summary>
internal enum FrameKind : byte
{
    /// <summary>A batch of records; towards the consumer.</summary>
    Batch = 1,

    /// <summary>A watermark; towards the consumer.</summary>
    Watermark = 2,

    /// <summary>The channel has become idle or active; towards the consumer.</summary>
    Idle = 3,

    /// <summary>A latency marker; towards the consumer.</summary>
    LatencyMarker = 4,

    /// <summary>Nothing follows in the channel; towards the consumer.</summary>
    EndOfInput = 5,

    /// <summary>A barrier, in order.</summary>
    Barrier = 6,

    /// <summary>Nothing follows in the channel.</summary>
    Closed = 7,

    /// <summary>How many more elements the consumer has room for; towards the producer.</summary>
    Credit = 16,

    /// <summary>A barrier that stands behind all elements sent so far, and needs no credit.</summary>
    Announcement = 17,

    /// <summary>An order of a coordinator to a worker, or a report of the worker: on connections of their own.</summary>
    Message = 32,
}
