using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Snapshots;

/// <summary>The bytes of a <see cref="KeyedStateSnapshot"/>.</summary>
/// <remarks>
/// <code>
/// "MRKS"  version:u8  header length:u32  header  XxHash3 of all before:u64
/// header  max parallelism, states (name, kind, schemas of key, namespace and value, groups (number, entries, bytes, XxHash3:u64))
/// then    the bytes of all groups, in the order of the header
/// </code>
/// A checksum a group, so that damage is named by state and key group, and a reader may take the groups that it needs.
/// </remarks>
internal static class KeyedStateSnapshotFormat
{
    private const byte Version = 1;
    private const int PrefixLength = 9;
    private const int ChecksumLength = 8;

    private static ReadOnlySpan<byte> Magic => "MRKS"u8;

    public static void Write(KeyedStateSnapshot snapshot, Stream stream)
    {
        var header = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(header);
        output.WriteVarUInt((ulong)snapshot.MaxParallelism);
        output.WriteVarUInt((ulong)snapshot.States.Count);
        foreach (var state in snapshot.States)
        {
            output.WriteString(state.Name);
            output.WriteByte((byte)state.Kind);
            SchemaFormat.Write(ref output, state.Key);
            SchemaFormat.Write(ref output, state.Namespace);
            SchemaFormat.Write(ref output, state.Value);
            output.WriteVarUInt((ulong)state.Groups.Count);
            foreach (var group in state.Groups)
            {
                output.WriteVarUInt((ulong)group.Group);
                output.WriteVarUInt((ulong)group.Count);
                output.WriteVarUInt((ulong)group.Entries.Length);
                output.WriteFixed(XxHash3.HashToUInt64(group.Entries.Span));
            }
        }

        output.Flush();

        var front = new byte[PrefixLength + header.WrittenCount + ChecksumLength];
        Magic.CopyTo(front);
        front[4] = Version;
        BinaryPrimitives.WriteUInt32LittleEndian(front.AsSpan(5), (uint)header.WrittenCount);
        header.WrittenSpan.CopyTo(front.AsSpan(PrefixLength));
        BinaryPrimitives.WriteUInt64LittleEndian(front.AsSpan(^ChecksumLength..), XxHash3.HashToUInt64(front.AsSpan(..^ChecksumLength)));
        stream.Write(front);
        foreach (var state in snapshot.States)
        {
            foreach (var group in state.Groups)
            {
                stream.Write(group.Entries.Span);
            }
        }
    }

    public static byte[] ToBytes(KeyedStateSnapshot snapshot)
    {
        using var stream = new MemoryStream();
        Write(snapshot, stream);
        return stream.ToArray();
    }

    /// <summary>Reads a snapshot and verifies every checksum. The groups' entries are views of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">The bytes, all of them.</param>
    /// <param name="source">Where they come from, for example a file: named in errors.</param>
    /// <exception cref="MillraceException">The bytes are damaged, or were written by a later version.</exception>
    public static KeyedStateSnapshot Read(ReadOnlyMemory<byte> bytes, string source)
    {
        int position = VerifyFront(bytes.Span, source);
        try
        {
            return ReadStates(bytes, source, position);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or DecoderFallbackException or OverflowException)
        {
            throw StateErrors.Corrupt(source, $"the header cannot be read ({exception.Message})", exception);
        }
    }

    private static int VerifyFront(ReadOnlySpan<byte> span, string source)
    {
        if (span.Length < PrefixLength || !span[..4].SequenceEqual(Magic))
        {
            throw StateErrors.Corrupt(source, "it does not begin as a snapshot of keyed state does");
        }

        if (span[4] != Version)
        {
            throw StateErrors.Corrupt(source, $"its format version is {span[4]}, and this program reads version {Version}");
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(span[5..]);
        if (length > span.Length - PrefixLength - ChecksumLength)
        {
            throw StateErrors.Corrupt(source, $"the header ends after the {span.Length} bytes that there are");
        }

        int end = PrefixLength + (int)length;
        if (BinaryPrimitives.ReadUInt64LittleEndian(span[end..]) != XxHash3.HashToUInt64(span[..end]))
        {
            throw StateErrors.Corrupt(source, "the checksum of its header is wrong");
        }

        return end + ChecksumLength;
    }

    private static KeyedStateSnapshot ReadStates(ReadOnlyMemory<byte> bytes, string source, int position)
    {
        var input = new BinaryInput(bytes.Span[PrefixLength..(position - ChecksumLength)]);
        int maxParallelism = checked((int)input.ReadVarUInt());
        var states = new StateSnapshot[input.ReadLength()];
        for (int index = 0; index < states.Length; index++)
        {
            string name = input.ReadString();
            var kind = (KeyedStateKind)input.ReadByte();
            var key = SchemaFormat.Read(ref input);
            var ns = SchemaFormat.Read(ref input);
            var value = SchemaFormat.Read(ref input);
            var groups = new KeyGroupSnapshot[input.ReadLength()];
            for (int group = 0; group < groups.Length; group++)
            {
                int number = checked((int)input.ReadVarUInt());
                int count = checked((int)input.ReadVarUInt());
                int length = checked((int)input.ReadVarUInt());
                ulong checksum = input.ReadFixed<ulong>();
                if (length > bytes.Length - position)
                {
                    throw StateErrors.Corrupt(source, $"state '{name}', key group {number}: the bytes end early, {length} are expected and {bytes.Length - position} are there");
                }

                var entries = bytes.Slice(position, length);
                position += length;
                if (XxHash3.HashToUInt64(entries.Span) != checksum)
                {
                    throw StateErrors.Corrupt(source, $"state '{name}', key group {number}: the checksum is wrong");
                }

                groups[group] = new KeyGroupSnapshot(number, count, entries);
            }

            states[index] = new StateSnapshot(name, kind, key, ns, value, groups);
        }

        return position == bytes.Length
            ? new KeyedStateSnapshot(maxParallelism, states)
            : throw StateErrors.Corrupt(source, $"{bytes.Length - position} bytes follow the last key group");
    }
}
