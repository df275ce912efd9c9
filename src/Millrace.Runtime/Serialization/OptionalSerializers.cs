using Millrace.Serialization;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>
/// A reference to an object, which may be null: a byte, then the object. A batch starts with a byte that says whether all are present; then
/// they follow as a batch, otherwise one by one.
/// </summary>
internal sealed class ReferenceSerializer<T>(ShapeSerializer<T> body) : ShapeSerializer<T>
{
    private static readonly bool HasNoSubclasses = typeof(T).IsSealed;

    internal override int MinBytes => 1;

    internal override bool BatchIsSequential => false;

    internal override ShapeSerializer<T> Body => body;

    public override void Write(ref BinaryOutput output, in T value)
    {
        if (value is null)
        {
            output.WriteByte(0);
            return;
        }

        CheckType(value);
        output.WriteByte(1);
        body.Write(ref output, in value);
    }

    public override T Read(ref BinaryInput input) => input.ReadBoolean() ? body.Read(ref input) : default!;

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        foreach (ref readonly var value in values)
        {
            if (value is null)
            {
                output.WriteByte(0);
                base.WriteBatch(ref output, values);
                return;
            }

            CheckType(value);
        }

        output.WriteByte(1);
        body.WriteBatch(ref output, values);
    }

    public override void ReadBatch(ref BinaryInput input, Span<T> values)
    {
        if (input.ReadBoolean())
        {
            body.ReadBatch(ref input, values);
        }
        else
        {
            base.ReadBatch(ref input, values);
        }
    }

    public override T Copy(T value)
    {
        if (value is null || IsImmutable)
        {
            return value;
        }

        CheckType(value);
        return body.Copy(value);
    }

    internal override TypeSchema Describe(SchemaPath path) => new(SchemaKind.Optional, "", [], [body.Describe(path)]);

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration) => written.Kind == SchemaKind.Optional
        ? new ReferenceSerializer<T>(migration.Read(body, written.Items[0]))
        : migration.Read(body, written);

    internal override bool ComputeImmutable(HashSet<object> assumed) => body.ComputeImmutable(assumed);

    private static void CheckType(T value)
    {
        if (!HasNoSubclasses && value!.GetType() != typeof(T))
        {
            ThrowSubclass(value);
        }
    }
}

/// <summary>A nullable value, or another type that is one or none: the bytes are those of <see cref="ReferenceSerializer{T}"/>.</summary>
internal sealed class OptionalSerializer<TOptional, TElement>(
    ShapeSerializer<TElement> element, OptionDeconstructor<TOptional, TElement> deconstruct, Func<TOptional> none, Func<TElement, TOptional> some)
    : ShapeSerializer<TOptional>
{
    internal override int MinBytes => 1;

    internal override bool BatchIsSequential => false;

    public override void Write(ref BinaryOutput output, in TOptional value)
    {
        bool present = deconstruct(value, out var inner);
        output.WriteBoolean(present);
        if (present)
        {
            element.Write(ref output, in inner!);
        }
    }

    public override TOptional Read(ref BinaryInput input) => input.ReadBoolean() ? some(element.Read(ref input)) : none();

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<TOptional> values)
    {
        using var present = new Scratch<TElement>(values.Length);
        var cells = present.Span;
        for (int row = 0; row < values.Length; row++)
        {
            if (!deconstruct(values[row], out cells[row]!))
            {
                output.WriteByte(0);
                base.WriteBatch(ref output, values);
                return;
            }
        }

        output.WriteByte(1);
        element.WriteBatch(ref output, cells);
    }

    public override void ReadBatch(ref BinaryInput input, Span<TOptional> values)
    {
        if (!input.ReadBoolean())
        {
            base.ReadBatch(ref input, values);
            return;
        }

        using var present = new Scratch<TElement>(values.Length);
        var cells = present.Span;
        element.ReadBatch(ref input, cells);
        for (int row = 0; row < values.Length; row++)
        {
            values[row] = some(cells[row]);
        }
    }

    public override TOptional Copy(TOptional value) =>
        !IsImmutable && deconstruct(value, out var inner) ? some(element.Copy(inner!)) : value;

    internal override TypeSchema Describe(SchemaPath path) => new(SchemaKind.Optional, "", [], [element.Describe(path)]);

    internal override ShapeSerializer<TOptional> ReadingOf(TypeSchema written, Migration migration) => written.Kind == SchemaKind.Optional
        ? new OptionalSerializer<TOptional, TElement>(migration.Read(element, written.Items[0]), deconstruct, none, some)
        : new ConvertingSerializer<TElement, TOptional>(migration.Read(element, written), Deconstructed, some);

    internal override bool ComputeImmutable(HashSet<object> assumed) => element.ComputeImmutable(assumed);

    private TElement Deconstructed(TOptional value) => deconstruct(value, out var inner) ? inner! : throw new NotSupportedException("None cannot be written as a value.");
}
