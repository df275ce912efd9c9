using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Compares shapes by the bytes that they describe: names of types do not matter, names of members do.</summary>
internal static class SchemaComparison
{
    /// <summary>Whether bytes of one shape can be read as the other without any change.</summary>
    public static bool SameBytes(TypeSchema written, TypeSchema current) => Same(written, current, null);

    /// <summary>A value of an enum whose number is another now, or null.</summary>
    public static (string Name, string Written, string Current)? MovedName(TypeSchema written, TypeSchema current)
    {
        var numbers = current.Members.ToDictionary(m => m.Name, m => m.Schema.Name, StringComparer.Ordinal);
        foreach (var member in written.Members)
        {
            if (numbers.TryGetValue(member.Name, out string? number) && number != member.Schema.Name)
            {
                return (member.Name, member.Schema.Name, number);
            }
        }

        return null;
    }

    private static bool Same(TypeSchema written, TypeSchema current, Enclosing? enclosing)
    {
        if (written.Kind != current.Kind || written.Items.Count != current.Items.Count)
        {
            return false;
        }

        switch (written.Kind)
        {
            case SchemaKind.Scalar or SchemaKind.Opaque when written.Name != current.Name:
            case SchemaKind.Enum when MovedName(written, current) is not null:
            case SchemaKind.Reference when !RefersToSame(written.Name, current.Name, enclosing):
                return false;
            case SchemaKind.Object or SchemaKind.Union:
                enclosing = new Enclosing(written.Name, current.Name, enclosing);
                break;
        }

        for (int index = 0; index < written.Items.Count; index++)
        {
            if (!Same(written.Items[index], current.Items[index], enclosing))
            {
                return false;
            }
        }

        if (written.Kind == SchemaKind.Enum)
        {
            return true;
        }

        if (written.Members.Count != current.Members.Count)
        {
            return false;
        }

        for (int index = 0; index < written.Members.Count; index++)
        {
            var (writtenMember, currentMember) = (written.Members[index], current.Members[index]);
            if (writtenMember.Name != currentMember.Name || !Same(writtenMember.Schema, currentMember.Schema, enclosing))
            {
                return false;
            }
        }

        return true;
    }

    private static bool RefersToSame(string written, string current, Enclosing? enclosing)
    {
        for (; enclosing is not null; enclosing = enclosing.Outer)
        {
            if (enclosing.Written == written || enclosing.Current == current)
            {
                return enclosing.Written == written && enclosing.Current == current;
            }
        }

        // What they refer to is outside of what is compared.
        return false;
    }

    private sealed record Enclosing(string Written, string Current, Enclosing? Outer);
}
