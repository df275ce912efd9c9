using System.Buffers;
using System.Buffers.Binary;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>
/// Sorts entries by key group: entries come in any order, and a snapshot is written group by group. Keeps some megabytes in memory and the rest in a file. Not
/// safe for use by several threads.
/// </summary>
/// <param name="maxParallelism">How many key groups there are.</param>
internal sealed class KeyGroupSpill(int maxParallelism) : IDisposable
{
    // As long as this is less than what one key group may have there is no harm in more.
    private const int KeptBytes = 64 << 20;
    private const int ChunkBytes = 1 << 20;
    private const int PrefixLength = 2 * sizeof(int);

    private readonly ArrayBufferWriter<byte>?[] _buffers = new ArrayBufferWriter<byte>?[maxParallelism];
    private readonly List<(long Offset, int Length)>?[] _spilled = new List<(long Offset, int Length)>?[maxParallelism];
    private FileStream? _file;
    private long _kept;

    /// <summary>Takes an entry.</summary>
    /// <param name="group">Its key group.</param>
    /// <param name="head">Key and namespace, which no other entry has.</param>
    /// <param name="value">The value.</param>
    public void Add(int group, ReadOnlySpan<byte> head, ReadOnlySpan<byte> value)
    {
        var buffer = _buffers[group] ??= new ArrayBufferWriter<byte>();
        int length = PrefixLength + head.Length + value.Length;
        var span = buffer.GetSpan(length);
        BinaryPrimitives.WriteInt32LittleEndian(span, head.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[sizeof(int)..], value.Length);
        head.CopyTo(span[PrefixLength..]);
        value.CopyTo(span[(PrefixLength + head.Length)..]);
        buffer.Advance(length);
        _kept += length;
        if (_kept > KeptBytes)
        {
            Spill();
        }
    }

    /// <summary>Writes all entries, group by group.</summary>
    /// <param name="writer">Takes them.</param>
    /// <param name="twice">Makes the error of an entry that was added twice, from its key and namespace.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public void WriteTo(KeyedStateWriter writer, Func<ReadOnlyMemory<byte>, MillraceException> twice, CancellationToken cancellationToken)
    {
        var chunk = new ArrayBufferWriter<byte>();
        for (int group = 0; group < maxParallelism; group++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var seen = new HashSet<ReadOnlyMemory<byte>>(BytesComparer.Instance);
            int count = 0;
            foreach (var piece in PiecesOf(group))
            {
                for (var rest = piece; rest.Length > 0;)
                {
                    int head = BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
                    int value = BinaryPrimitives.ReadInt32LittleEndian(rest.Span[sizeof(int)..]);
                    var key = rest.Slice(PrefixLength, head);
                    if (!seen.Add(key))
                    {
                        throw twice(key);
                    }

                    chunk.Write(rest.Span.Slice(PrefixLength, head + value));
                    rest = rest[(PrefixLength + head + value)..];
                    if (++count > 0 && chunk.WrittenCount >= ChunkBytes)
                    {
                        writer.WriteChunk(group, count, chunk.WrittenSpan);
                        chunk.ResetWrittenCount();
                        count = 0;
                    }
                }
            }

            if (count > 0)
            {
                writer.WriteChunk(group, count, chunk.WrittenSpan);
                chunk.ResetWrittenCount();
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Spill()
    {
        _file ??= new FileStream(
            Path.Combine(Path.GetTempPath(), $"millrace-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
        _file.Seek(0, SeekOrigin.End);
        for (int group = 0; group < maxParallelism; group++)
        {
            if (_buffers[group] is { WrittenCount: > 0 } buffer)
            {
                (_spilled[group] ??= []).Add((_file.Position, buffer.WrittenCount));
                _file.Write(buffer.WrittenSpan);
                _buffers[group] = null;
            }
        }

        _kept = 0;
    }

    private IEnumerable<ReadOnlyMemory<byte>> PiecesOf(int group)
    {
        foreach (var (offset, length) in _spilled[group] ?? [])
        {
            byte[] piece = new byte[length];
            _file!.Position = offset;
            _file.ReadExactly(piece);
            yield return piece;
        }

        if (_buffers[group] is { } buffer)
        {
            yield return buffer.WrittenMemory;
        }
    }

    private sealed class BytesComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly BytesComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj.Span);
            return hash.ToHashCode();
        }
    }
}
