using System.Buffers;

namespace Millrace.Connectors;

/// <summary>Writes records as the bytes of a file, file after file. Used by one thread at a time.</summary>
/// <remarks>
/// For each file come <see cref="WriteHeader"/>, <see cref="Write"/> any number of times, and <see cref="WriteFooter"/>. A file that is not completed has no footer; the next header, or
/// <see cref="Dispose()"/>, comes all the same.
/// </remarks>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class FileEncoder<T> : IDisposable
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

    /// <summary>Writes records. An encoder may hold some back, and write them later.</summary>
    /// <remarks>
    /// What it throws at a record that it cannot write is dealt with as the sink's <see cref="StreamSink.OnError"/> says. Whatever it has written to the output in such a call is thrown away, and the records come
    /// again one by one: so an encoder that holds records back must not write out earlier ones in a call that fails, or say itself which record is at fault.
    /// </remarks>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="records">The records.</param>
    /// <exception cref="RecordWriteException">One record cannot be written: those before it have been taken, what is in the output stays, and nothing of the record is in it.</exception>
    public abstract void Write(IBufferWriter<byte> output, ReadOnlySpan<T> records);

    /// <summary>Writes what completes a file, and records that are held back; nothing by default.</summary>
    /// <param name="output">Takes the bytes.</param>
    public virtual void WriteFooter(IBufferWriter<byte> output)
    {
    }

    /// <summary>Releases what the encoder holds.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the encoder holds.</summary>
    /// <param name="disposing">Always <see langword="true"/>, unless a derived class has a finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
