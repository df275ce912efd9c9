using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>An enum is written as its number.</summary>
internal sealed class EnumSerializer<TEnum, TNumber>(ShapeSerializer<TNumber> number, IReadOnlyDictionary<string, TNumber> names) : ShapeSerializer<TEnum>
    where TEnum : struct, Enum
    where TNumber : unmanaged
{
    internal override int MinBytes => number.MinBytes;

    public override void Write(ref BinaryOutput output, in TEnum value) =>
        number.Write(ref output, in Unsafe.As<TEnum, TNumber>(ref Unsafe.AsRef(in value)));

    public override TEnum Read(ref BinaryInput input) => Unsafe.BitCast<TNumber, TEnum>(number.Read(ref input));

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<TEnum> values) =>
        number.WriteBatch(ref output, MemoryMarshal.Cast<TEnum, TNumber>(values));

    public override void ReadBatch(ref BinaryInput input, Span<TEnum> values) =>
        number.ReadBatch(ref input, MemoryMarshal.Cast<TEnum, TNumber>(values));

    public override TEnum Copy(TEnum value) => value;

    internal override TypeSchema Describe(SchemaPath path) => new(
        SchemaKind.Enum,
        TypeNames.Of(typeof(TEnum)),
        [.. names.Select(n => (n.Key, Number: Text(n.Value))).OrderBy(n => decimal.Parse(n.Number, CultureInfo.InvariantCulture)).ThenBy(n => n.Key, StringComparer.Ordinal)
            .Select(n => new SchemaMember(n.Key, TypeSchema.Scalar(n.Number)))],
        [number.Describe(path)]);

    internal override ShapeSerializer<TEnum> ReadingOf(TypeSchema written, Migration migration)
    {
        if (written.Kind != SchemaKind.Enum)
        {
            return migration.Refuse(this, written);
        }

        if (SchemaComparison.MovedName(written, Schema) is { } moved)
        {
            return migration.Refuse(this, written, $"{moved.Name} was {moved.Written} and is {moved.Current} now, so that stored numbers would change their meaning");
        }

        return new EnumSerializer<TEnum, TNumber>(migration.Read(number, written.Items[0]), names);
    }

    internal override bool ComputeImmutable(HashSet<object> assumed) => true;

    private static string Text(TNumber value) => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture);
}
