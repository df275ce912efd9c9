using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Reads bytes of an older shape into today's type.</summary>
internal sealed class MigratedSerializer<T>(TypeSchema written, ShapeSerializer<T> reader, TypeSerializer<T> current) : TypeSerializer<T>
{
    public override TypeSchema Schema => written;

    public override bool IsImmutable => current.IsImmutable;

    public override void Write(ref BinaryOutput output, in T value) =>
        throw new NotSupportedException($"This serializer reads {TypeNames.Of(typeof(T))} from an older shape, and does not write.");

    public override T Read(ref BinaryInput input) => reader.Read(ref input);

    public override void ReadBatch(ref BinaryInput input, Span<T> values) => reader.ReadBatch(ref input, values);

    public override T Copy(T value) => current.Copy(value);

    public override TypeSerializer<T> ForReading(TypeSchema written) => current.ForReading(written);
}
