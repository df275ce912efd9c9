using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The bytes of a schema itself, as they stand in snapshots.</summary>
internal static class SchemaFormat
{
    /// <summary>The first byte. Another number means another layout of what follows.</summary>
    public const byte Version = 1;

    // A schema is as deep as types are nested in each other; recursive ones are references. More is not written by a program.
    private const int MaxDepth = 256;

    public static void Write(ref BinaryOutput output, TypeSchema schema)
    {
        output.WriteByte(Version);
        WriteNode(ref output, schema);
    }

    public static TypeSchema Read(ref BinaryInput input)
    {
        byte version = input.ReadByte();
        return version == Version
            ? ReadNode(ref input, 0)
            : throw new InvalidDataException($"A schema of version {version} cannot be read: this program knows version {Version}.");
    }

    private static void WriteNode(ref BinaryOutput output, TypeSchema schema)
    {
        output.WriteByte((byte)schema.Kind);
        output.WriteString(schema.Name);
        output.WriteVarUInt((ulong)schema.Members.Count);
        foreach (var member in schema.Members)
        {
            output.WriteString(member.Name);
            WriteNode(ref output, member.Schema);
        }

        output.WriteVarUInt((ulong)schema.Items.Count);
        foreach (var item in schema.Items)
        {
            WriteNode(ref output, item);
        }
    }

    private static TypeSchema ReadNode(ref BinaryInput input, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidDataException($"A schema is nested more than {MaxDepth} deep at byte {input.Position}.");
        }

        byte kind = input.ReadByte();
        if (kind > (byte)SchemaKind.Reference)
        {
            throw new InvalidDataException($"Byte {input.Position - 1} is {kind}, which is no kind of schema.");
        }

        string name = ReadName(ref input);
        var members = new SchemaMember[input.ReadLength(bytesPerItem: 5)];
        for (int index = 0; index < members.Length; index++)
        {
            members[index] = new SchemaMember(ReadName(ref input), ReadNode(ref input, depth + 1));
        }

        var items = new TypeSchema[input.ReadLength(bytesPerItem: 4)];
        for (int index = 0; index < items.Length; index++)
        {
            items[index] = ReadNode(ref input, depth + 1);
        }

        int expected = (SchemaKind)kind switch
        {
            SchemaKind.Optional or SchemaKind.List or SchemaKind.Enum => 1,
            SchemaKind.Map => 2,
            SchemaKind.Opaque => items.Length,
            _ => 0,
        };
        return items.Length == expected
            ? new TypeSchema((SchemaKind)kind, name, members, items)
            : throw new InvalidDataException($"A schema of kind {(SchemaKind)kind} has {items.Length} items at byte {input.Position}, where {expected} are expected.");
    }

    private static string ReadName(ref BinaryInput input)
    {
        try
        {
            return input.ReadString();
        }
        catch (System.Text.DecoderFallbackException exception)
        {
            throw new InvalidDataException($"The name that ends at byte {input.Position} is not UTF-8.", exception);
        }
    }
}
