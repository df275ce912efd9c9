using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Snapshots;

/// <summary>Keyed state in the canonical format as a file, which is written and read in pieces that fit into the processor's cache.</summary>
/// <remarks>
/// <code>
/// "MRKS"  version:u8
/// the parts of key groups, one behind the other
/// index   max parallelism, states (name, kind, schemas of key, namespace and value, parts (group, entries, bytes, XxHash3:u64))
/// end     length of the index:u32  XxHash3 of the index:u64  "SKRM"
/// </code>
/// The index is behind the parts so that nothing has to be known before it is written. Parts have no gaps between them: their places follow from their
/// lengths. A checksum a part, so that damage is named by state and key group, and a reader takes the groups that it needs.
/// </remarks>
internal static class CanonicalStateFile
{
    public const byte Version = 2;
    public const int FrontLength = 5;
    public const int EndLength = 16;

    public static ReadOnlySpan<byte> Magic => "MRKS"u8;

    public static ReadOnlySpan<byte> EndMagic => "SKRM"u8;

    /// <summary>A part of a key group in the index.</summary>
    internal readonly record struct Part(int Group, int Count, int Length, ulong Checksum);

    /// <summary>A state in the index.</summary>
    internal sealed record State(StateHeader Header, List<Part> Parts);

    public static byte[] WriteIndex(int maxParallelism, IReadOnlyList<State> states)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        output.WriteVarUInt((ulong)maxParallelism);
        output.WriteVarUInt((ulong)states.Count);
        foreach (var (header, parts) in states)
        {
            output.WriteString(header.Name);
            output.WriteByte((byte)header.Kind);
            SchemaFormat.Write(ref output, header.Key);
            SchemaFormat.Write(ref output, header.Namespace);
            SchemaFormat.Write(ref output, header.Value);
            output.WriteVarUInt((ulong)parts.Count);
            foreach (var part in parts)
            {
                output.WriteVarUInt((ulong)part.Group);
                output.WriteVarUInt((ulong)part.Count);
                output.WriteVarUInt((ulong)part.Length);
                output.WriteFixed(part.Checksum);
            }
        }

        output.Flush();
        byte[] index = new byte[buffer.WrittenCount + EndLength];
        buffer.WrittenSpan.CopyTo(index);
        var end = index.AsSpan(buffer.WrittenCount);
        BinaryPrimitives.WriteUInt32LittleEndian(end, (uint)buffer.WrittenCount);
        BinaryPrimitives.WriteUInt64LittleEndian(end[4..], XxHash3.HashToUInt64(buffer.WrittenSpan));
        EndMagic.CopyTo(end[12..]);
        return index;
    }

    /// <exception cref="InvalidDataException">The bytes are no index, whatever their checksum says.</exception>
    public static (int MaxParallelism, List<State> States) ReadIndex(ReadOnlySpan<byte> index)
    {
        var input = new BinaryInput(index);
        ulong maxParallelism = input.ReadVarUInt();
        Check(maxParallelism is > 0 and <= KeyGroups.UpperBound, $"max parallelism is {maxParallelism}");
        var states = new List<State>();
        for (int left = input.ReadLength(); left > 0; left--)
        {
            string name = input.ReadString();
            var kind = (KeyedStateKind)input.ReadByte();
            var key = SchemaFormat.Read(ref input);
            var ns = SchemaFormat.Read(ref input);
            var value = SchemaFormat.Read(ref input);
            int count = input.ReadLength();
            var parts = new List<Part>(count);
            for (int part = 0; part < count; part++)
            {
                ulong group = input.ReadVarUInt();
                Check(group < maxParallelism, $"state '{name}' has a key group {group}, and there are {maxParallelism}");
                Check(part == 0 || (int)group >= parts[^1].Group, $"state '{name}': key group {group} comes behind {(part == 0 ? 0 : parts[^1].Group)}");
                int entries = checked((int)input.ReadVarUInt());
                int length = checked((int)input.ReadVarUInt());
                parts.Add(new Part((int)group, entries, length, input.ReadFixed<ulong>()));
            }

            states.Add(new State(new StateHeader(name, kind, key, ns, value), parts));
        }

        Check(input.Remaining == 0, $"{input.Remaining} bytes are left after the last state");
        return ((int)maxParallelism, states);
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidDataException(otherwise);
        }
    }
}
