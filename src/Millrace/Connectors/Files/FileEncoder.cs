using System.Buffers;

namespace Millrace.Connectors;

/// <summary>Writes records as the bytes of a file. Used by one thread at a time.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class FileEncoder<T>
{
    /// <summary>For implementers.</summary>
    protected FileEncoder()
    {
    }

    /// <summary>Writes what stands at the start of every file; nothing by default.</summary>
    /// <param name="output">Takes the bytes.</param>
    public virtual void WriteHeader(IBufferWriter<byte> output)
    {
    }

    /// <summary>Writes records.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="records">The records.</param>
    public abstract void Write(IBufferWriter<byte> output, ReadOnlySpan<T> records);
}
