using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>What a native snapshot says of its files: the states that are in them.</summary>
/// <remarks>
/// <code>
/// version:u8  key groups of the operator  states
/// state   number  name  kind:u8  waiting:bool  schemas of key, namespace and value  entries of each key group
/// schema  kind:u8  name  members (name, schema)  items (schema)
/// </code>
/// All numbers without a type have 7 bits a byte.
/// </remarks>
internal static class SnapshotMetadata
{
    private const byte Version = 1;
    private const int MaxDepth = 64;

    public static byte[] Write(int maxParallelism, IReadOnlyList<StoredState> states)
    {
        var buffer = new ByteBuffer(1024);
        var output = new BinaryOutput(buffer);
        output.WriteByte(Version);
        output.WriteVarUInt((ulong)maxParallelism);
        output.WriteVarUInt((ulong)states.Count);
        foreach (var state in states)
        {
            output.WriteVarUInt(state.Id);
            output.WriteString(state.Header.Name);
            output.WriteByte((byte)state.Header.Kind);
            output.WriteBoolean(state.IsWaiting);
            Write(ref output, state.Header.Key);
            Write(ref output, state.Header.Namespace);
            Write(ref output, state.Header.Value);
            output.WriteVarUInt((ulong)state.Counts.Length);
            foreach (long count in state.Counts)
            {
                output.WriteVarUInt((ulong)count);
            }
        }

        output.Flush();
        return buffer.Written.ToArray();
    }

    /// <exception cref="MillraceException">The bytes are damaged, or of a later version.</exception>
    public static (int MaxParallelism, List<StoredState> States) Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var input = new BinaryInput(bytes);
            if (input.ReadByte() is var version and not Version)
            {
                throw new InvalidDataException($"the format is {version}, and this program reads {Version}");
            }

            int maxParallelism = (int)input.ReadVarUInt();
            int count = input.ReadLength();
            var states = new List<StoredState>(count);
            for (int i = 0; i < count; i++)
            {
                ushort id = (ushort)input.ReadVarUInt();
                string name = input.ReadString();
                var kind = (KeyedStateKind)input.ReadByte();
                bool isWaiting = input.ReadBoolean();
                var header = new StateHeader(name, kind, ReadSchema(ref input, 0), ReadSchema(ref input, 0), ReadSchema(ref input, 0));
                long[] counts = new long[input.ReadLength()];
                foreach (ref long entries in counts.AsSpan())
                {
                    entries = (long)input.ReadVarUInt();
                }

                states.Add(new StoredState(id, header, isWaiting, counts));
            }

            return (maxParallelism, states);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw RocksDbErrors.Corrupt("The description of a RocksDB snapshot", exception.Message, exception);
        }
    }

    private static void Write(ref BinaryOutput output, TypeSchema schema)
    {
        output.WriteByte((byte)schema.Kind);
        output.WriteString(schema.Name);
        output.WriteVarUInt((ulong)schema.Members.Count);
        foreach (var member in schema.Members)
        {
            output.WriteString(member.Name);
            Write(ref output, member.Schema);
        }

        output.WriteVarUInt((ulong)schema.Items.Count);
        foreach (var item in schema.Items)
        {
            Write(ref output, item);
        }
    }

    private static TypeSchema ReadSchema(ref BinaryInput input, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidDataException($"a schema is nested more than {MaxDepth} deep");
        }

        var kind = (SchemaKind)input.ReadByte();
        string name = input.ReadString();
        var members = new SchemaMember[input.ReadLength()];
        for (int i = 0; i < members.Length; i++)
        {
            string member = input.ReadString();
            members[i] = new SchemaMember(member, ReadSchema(ref input, depth + 1));
        }

        var items = new TypeSchema[input.ReadLength()];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = ReadSchema(ref input, depth + 1);
        }

        return new TypeSchema(kind, name, members, items);
    }
}
