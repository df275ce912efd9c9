using System.Buffers;

namespace Millrace.Runtime.State.Heap;

/// <summary>Where a part of a key group is put together before it is written.</summary>
internal sealed class ChunkBuffer
{
    /// <summary>
    /// A part that has become so large is written. It is touched four times: filled, hashed twice, and copied by the operating system; so it is to stay in the
    /// processor's second-level cache. With a megabyte the system took twice as long for the copying.
    /// </summary>
    public const int Target = 1 << 17;

    /// <summary>Above this the memory of one large entry is given back.</summary>
    private const int Limit = 32 * Target;

    public ArrayBufferWriter<byte> Bytes { get; private set; } = new(Target + (Target / 8));

    public void Reset()
    {
        if (Bytes.Capacity > Limit)
        {
            Bytes = new ArrayBufferWriter<byte>(Target + (Target / 8));
        }
        else
        {
            Bytes.ResetWrittenCount();
        }
    }
}
