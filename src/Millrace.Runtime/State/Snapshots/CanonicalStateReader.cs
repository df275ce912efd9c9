using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Snapshots;

/// <summary>Reads a <see cref="CanonicalStateFile"/>: at first the index, then those parts that are asked for. Not safe for use by several threads.</summary>
internal sealed class CanonicalStateReader : KeyedStateReader, IDisposable
{
    private readonly Stream _stream;
    private readonly Func<string, Exception?, MillraceException> _corrupt;
    private readonly Dictionary<StateHeader, Place> _places = new(ReferenceEqualityComparer.Instance);

    /// <summary>Reads the index.</summary>
    /// <param name="stream">The file; can seek and knows its length. Belongs to the reader, which closes it when it is disposed of or cannot be made.</param>
    /// <param name="source">What to call it in errors, for example the file's name.</param>
    /// <param name="corrupt">Makes the error of a damaged file out of what is wrong with it; null for one that names the source.</param>
    /// <exception cref="MillraceException">The file is damaged, or was written by another version.</exception>
    public CanonicalStateReader(Stream stream, string source, Func<string, Exception?, MillraceException>? corrupt = null)
    {
        _stream = stream;
        _corrupt = corrupt ?? ((what, cause) => StateErrors.Corrupt(source, what, cause));
        Source = source;
        try
        {
            (byte[] index, long start) = ReadVerifiedIndex();
            (MaxParallelism, var states) = CanonicalStateFile.ReadIndex(index);
            States = [.. states.Select(state => state.Header)];
            long position = CanonicalStateFile.FrontLength;
            foreach (var state in states)
            {
                _places.Add(state.Header, new Place(position, state.Parts));
                position += state.Parts.Sum(part => (long)part.Length);
            }

            if (position != start)
            {
                throw new InvalidDataException($"the parts end at {position}, and the index begins at {start}");
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or DecoderFallbackException or OverflowException)
        {
            stream.Dispose();
            throw _corrupt(exception.Message, exception);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public override string Source { get; }

    public override int MaxParallelism { get; }

    public override IReadOnlyList<StateHeader> States { get; }

    /// <summary>How many entries and bytes key groups have, in the order of groups; a large group occurs several times.</summary>
    public IReadOnlyList<CanonicalStateFile.Part> PartsOf(StateHeader state) => _places[state].Parts;

    public void Dispose() => _stream.Dispose();

    public override IEnumerable<StateChunk> ReadChunks(StateHeader state, KeyGroupRange range)
    {
        var (position, parts) = _places[state];
        byte[] buffer = [];
        foreach (var part in parts)
        {
            if (range.Contains(part.Group))
            {
                if (buffer.Length < part.Length)
                {
                    buffer = new byte[part.Length];
                }

                Read(state, part, position, buffer);
                yield return new StateChunk(part.Group, part.Count, buffer.AsMemory(0, part.Length));
            }

            position += part.Length;
        }
    }

    private void Read(StateHeader state, in CanonicalStateFile.Part part, long position, byte[] buffer)
    {
        var bytes = buffer.AsSpan(0, part.Length);
        try
        {
            _stream.Position = position;
            _stream.ReadExactly(bytes);
        }
        catch (EndOfStreamException exception)
        {
            throw _corrupt($"state '{state.Name}', key group {part.Group}: the file ends early", exception);
        }

        if (XxHash3.HashToUInt64(bytes) != part.Checksum)
        {
            throw _corrupt($"state '{state.Name}', key group {part.Group}: the checksum is wrong", null);
        }
    }

    private (byte[] Index, long Start) ReadVerifiedIndex()
    {
        Span<byte> front = stackalloc byte[CanonicalStateFile.FrontLength];
        Span<byte> end = stackalloc byte[CanonicalStateFile.EndLength];
        long length = _stream.Length;
        Check(length >= front.Length + end.Length, $"it has {length} bytes, which is too few");
        _stream.Position = 0;
        _stream.ReadExactly(front);
        Check(front[..4].SequenceEqual(CanonicalStateFile.Magic), "it does not begin as a snapshot of keyed state does");
        Check(front[4] == CanonicalStateFile.Version, $"its format version is {front[4]}, and this program reads version {CanonicalStateFile.Version}");
        _stream.Position = length - end.Length;
        _stream.ReadExactly(end);
        Check(end[12..].SequenceEqual(CanonicalStateFile.EndMagic), "it does not end as a snapshot of keyed state does");
        long indexLength = BinaryPrimitives.ReadUInt32LittleEndian(end);
        long start = length - end.Length - indexLength;
        Check(start >= front.Length && indexLength <= Array.MaxLength, $"its index is said to have {indexLength} bytes, and there are {length} in all");
        byte[] index = new byte[indexLength];
        _stream.Position = start;
        _stream.ReadExactly(index);
        Check(XxHash3.HashToUInt64(index) == BinaryPrimitives.ReadUInt64LittleEndian(end[4..]), "the checksum of its index is wrong");
        return (index, start);
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidDataException(otherwise);
        }
    }

    /// <summary>Where a state's parts begin, and which they are.</summary>
    private readonly record struct Place(long Start, List<CanonicalStateFile.Part> Parts);
}
