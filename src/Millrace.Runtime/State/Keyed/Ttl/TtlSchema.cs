using Millrace.Serialization;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>The shape of values with a time to live. Its name, which no type of a program can have, is what tells it from others when state is restored.</summary>
internal static class TtlSchema
{
    private const string Name = "$ttl";

    public static TypeSchema Of(TypeSchema value) =>
        new(SchemaKind.Object, Name, [new SchemaMember("value", value), new SchemaMember("lastUse", TypeSchema.Scalar("int64"))], []);

    public static bool IsTtl(TypeSchema schema) => schema is { Kind: SchemaKind.Object, Name: Name, Members.Count: 2 };

    /// <summary>The shape of the value that the time goes with.</summary>
    public static TypeSchema ValueOf(TypeSchema schema) => schema.Members[0].Schema;

    /// <summary>A serializer that reads what an earlier program wrote, with or without a time to live.</summary>
    /// <param name="values">Today's.</param>
    /// <param name="written">The shape that was written.</param>
    /// <exception cref="StateIncompatibleException">The shapes cannot be reconciled.</exception>
    public static TypeSerializer<T> ReaderOf<T>(TypeSerializer<T> values, TypeSchema written) =>
        IsTtl(written) && !IsTtl(values.Schema) ? new WithoutTtlSerializer<T>(values.ForReading(ValueOf(written))) : values.ForReading(written);
}
