using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>A user's own serializer as a part of a type of the engine's format.</summary>
internal sealed class CustomSerializer<T>(TypeSerializer<T> custom) : ShapeSerializer<T>
{
    internal override int MinBytes => 0;

    internal override bool BatchIsSequential => false;

    public override void Write(ref BinaryOutput output, in T value) => custom.Write(ref output, in value);

    public override T Read(ref BinaryInput input) => custom.Read(ref input);

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values) => custom.WriteBatch(ref output, values);

    public override void ReadBatch(ref BinaryInput input, Span<T> values) => custom.ReadBatch(ref input, values);

    public override T Copy(T value) => custom.Copy(value);

    internal override TypeSchema Describe(SchemaPath path) => custom.Schema;

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration)
    {
        var reading = custom.ForReading(written);
        return ReferenceEquals(reading, custom) ? this : new CustomSerializer<T>(reading);
    }

    internal override bool ComputeImmutable(HashSet<object> assumed) => custom.IsImmutable;
}
