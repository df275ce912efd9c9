using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The bytes of a scalar. Implemented by empty structs, so that the serializer is compiled for each without a virtual call.</summary>
/// <typeparam name="T">The type.</typeparam>
internal interface IScalarFormat<T>
{
    /// <summary>The canonical name in schemas.</summary>
    static abstract string Name { get; }

    /// <summary>The size in bytes; the least where it varies.</summary>
    static abstract int MinBytes { get; }

    /// <summary>Whether the value in memory of a little-endian machine is the format, and every bit pattern is a value.</summary>
    static abstract bool IsRaw { get; }

    static abstract void Write(ref BinaryOutput output, T value);

    static abstract T Read(ref BinaryInput input);
}

/// <summary>Serializes a scalar.</summary>
/// <typeparam name="T">The type.</typeparam>
/// <typeparam name="TFormat">Its bytes.</typeparam>
internal sealed class ScalarSerializer<T, TFormat> : ShapeSerializer<T>
    where TFormat : struct, IScalarFormat<T>
{
    internal override int MinBytes => TFormat.MinBytes;

    internal override bool IsRaw => TFormat.IsRaw && BitConverter.IsLittleEndian;

    public override void Write(ref BinaryOutput output, in T value) => TFormat.Write(ref output, value);

    public override T Read(ref BinaryInput input) => TFormat.Read(ref input);

    public override T Copy(T value) => value;

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        if (IsRaw)
        {
            output.WriteRaw(MemoryMarshal.CreateReadOnlySpan(
                ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(values)),
                checked(values.Length * Unsafe.SizeOf<T>())));
            return;
        }

        foreach (ref readonly var value in values)
        {
            TFormat.Write(ref output, value);
        }
    }

    public override void ReadBatch(ref BinaryInput input, Span<T> values)
    {
        if (IsRaw)
        {
            int bytes = checked(values.Length * Unsafe.SizeOf<T>());
            input.ReadRaw(bytes).CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(values)), bytes));
            return;
        }

        foreach (ref var value in values)
        {
            value = TFormat.Read(ref input);
        }
    }

    internal override TypeSchema Describe(SchemaPath path) => TypeSchema.Scalar(TFormat.Name);

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration)
    {
        if (written.Kind == SchemaKind.Scalar)
        {
            if (written.Name == TFormat.Name)
            {
                return this;
            }

            if (Widening.Find<T>(written.Name) is { } widening)
            {
                return widening;
            }
        }

        return migration.Refuse(this, written);
    }

    internal override bool ComputeImmutable(HashSet<object> assumed) => true;
}
