using Millrace.Serialization;

namespace Millrace.Runtime.State;

/// <summary>Writes schemas into the header of a snapshot.</summary>
internal static class TypeSchemaFormat
{
    // Far more than any type has: a deeper one is damage, and must not overflow the stack.
    private const int MaxDepth = 100;

    public static void Write(ref BinaryOutput output, TypeSchema schema)
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

    public static TypeSchema Read(ref BinaryInput input) => Read(ref input, depth: 0);

    private static TypeSchema Read(ref BinaryInput input, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidDataException($"a schema is nested more than {MaxDepth} levels deep");
        }

        var kind = (SchemaKind)input.ReadByte();
        if (!Enum.IsDefined(kind))
        {
            throw new InvalidDataException($"{(int)kind} is no kind of schema");
        }

        string name = input.ReadString();
        var members = new SchemaMember[input.ReadLength()];
        for (int index = 0; index < members.Length; index++)
        {
            string member = input.ReadString();
            members[index] = new SchemaMember(member, Read(ref input, depth + 1));
        }

        var items = new TypeSchema[input.ReadLength()];
        for (int index = 0; index < items.Length; index++)
        {
            items[index] = Read(ref input, depth + 1);
        }

        return new TypeSchema(kind, name, members, items);
    }
}
