using System.Runtime.InteropServices;

namespace Millrace.Runtime.Exchange;

/// <summary>Head and tail of a ring, on cache lines of their own: producer and consumer would otherwise slow each other down.</summary>
[StructLayout(LayoutKind.Explicit, Size = 320)]
internal struct RingPositions
{
    /// <summary>How many elements have been taken.</summary>
    [FieldOffset(64)]
    public long Head;

    /// <summary>How many elements have been put in.</summary>
    [FieldOffset(128)]
    public long Tail;

    /// <summary>Not zero while the producer wants to be woken when there is room.</summary>
    [FieldOffset(192)]
    public int ProducerWaits;
}
