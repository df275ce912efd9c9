namespace Millrace.Serialization;

/// <summary>What kind of bytes a <see cref="TypeSchema"/> describes.</summary>
public enum SchemaKind
{
    /// <summary>A scalar such as <c>int32</c>, <c>string</c> or <c>datetimeoffset</c>; <see cref="TypeSchema.Name"/> says which.</summary>
    Scalar,

    /// <summary>Named members, in the order they are written.</summary>
    Object,

    /// <summary>An enum: written as its number; the members are its names.</summary>
    Enum,

    /// <summary>A value that may be absent: a byte, then the value. One item.</summary>
    Optional,

    /// <summary>A sequence: a count, then the elements. One item.</summary>
    List,

    /// <summary>A dictionary: a count, then keys and values in turn. Two items: key and value.</summary>
    Map,

    /// <summary>One of several types: a number, then the value. The members are the cases.</summary>
    Union,

    /// <summary>Bytes of a format that the engine does not look into; <see cref="TypeSchema.Name"/> identifies it.</summary>
    Opaque,

    /// <summary>An object that contains itself: refers to the enclosing object schema by <see cref="TypeSchema.Name"/>.</summary>
    Reference,
}

/// <summary>The shape of serialized bytes, without reference to any CLR type: comparable, printable, and stable across program versions.</summary>
/// <param name="Kind">What kind of bytes.</param>
/// <param name="Name">The scalar's or format's name; for an object or enum the type's name, which only serves messages.</param>
/// <param name="Members">Named parts, in the order they are written; empty where the kind has none.</param>
/// <param name="Items">Unnamed parts: the element of a list or optional, key and value of a map, the underlying scalar of an enum.</param>
public sealed record TypeSchema(SchemaKind Kind, string Name, IReadOnlyList<SchemaMember> Members, IReadOnlyList<TypeSchema> Items)
{
    /// <summary>A scalar.</summary>
    /// <param name="name">Its name, for example <c>int32</c>.</param>
    /// <returns>The schema.</returns>
    public static TypeSchema Scalar(string name) => new(SchemaKind.Scalar, name, [], []);

    /// <inheritdoc/>
    public bool Equals(TypeSchema? other) =>
        other is not null && Kind == other.Kind && Name == other.Name && Members.SequenceEqual(other.Members) && Items.SequenceEqual(other.Items);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Name, Members.Count, Items.Count);

    /// <summary>A compact text, for example <c>Flight{delay:int32,origin:string}</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Kind switch
    {
        SchemaKind.Scalar => Name,
        SchemaKind.Optional => $"{Items[0]}?",
        SchemaKind.List => $"list<{Items[0]}>",
        SchemaKind.Map => $"map<{Items[0]},{Items[1]}>",
        SchemaKind.Enum => $"enum {Name}:{Items[0]}{{{string.Join(',', Members.Select(m => m.Name))}}}",
        SchemaKind.Union => $"union {Name}{{{string.Join(',', Members)}}}",
        SchemaKind.Opaque => $"opaque<{Name}>",
        SchemaKind.Reference => $"ref {Name}",
        _ => $"{Name}{{{string.Join(',', Members)}}}",
    };
}

/// <summary>A named part of a <see cref="TypeSchema"/>.</summary>
/// <param name="Name">The member's name, as in the program; for an enum the name of a value.</param>
/// <param name="Schema">The member's shape; for an enum's value a scalar whose name is the number.</param>
public sealed record SchemaMember(string Name, TypeSchema Schema)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}:{Schema}";
}
