using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Serializes a type as another one: surrogates, and values that were written before they could be absent.</summary>
internal sealed class ConvertingSerializer<TWire, T>(ShapeSerializer<TWire> wire, Func<T, TWire> toWire, Func<TWire, T> fromWire) : ShapeSerializer<T>
{
    internal override int MinBytes => wire.MinBytes;

    internal override bool BatchIsSequential => wire.BatchIsSequential;

    public override void Write(ref BinaryOutput output, in T value)
    {
        var converted = toWire(value);
        wire.Write(ref output, in converted);
    }

    public override T Read(ref BinaryInput input) => fromWire(wire.Read(ref input));

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        using var converted = new Scratch<TWire>(values.Length);
        var cells = converted.Span;
        for (int row = 0; row < values.Length; row++)
        {
            cells[row] = toWire(values[row]);
        }

        wire.WriteBatch(ref output, cells);
    }

    public override void ReadBatch(ref BinaryInput input, Span<T> values)
    {
        using var converted = new Scratch<TWire>(values.Length);
        var cells = converted.Span;
        wire.ReadBatch(ref input, cells);
        for (int row = 0; row < values.Length; row++)
        {
            values[row] = fromWire(cells[row]);
        }
    }

    public override T Copy(T value) => fromWire(wire.Copy(toWire(value)));

    internal override TypeSchema Describe(SchemaPath path) => wire.Describe(path);

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration) =>
        new ConvertingSerializer<TWire, T>(migration.Read(wire, written), toWire, fromWire);

    // What the surrogate stands for may be mutable even where the surrogate is not.
    internal override bool ComputeImmutable(HashSet<object> assumed) => false;
}
