using System.Diagnostics.CodeAnalysis;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>
/// A serializer of the engine's own format. Besides what every serializer can do, it can describe itself as a part of an enclosing type and
/// build a reader for bytes of another shape.
/// </summary>
/// <typeparam name="T">The type.</typeparam>
internal abstract class ShapeSerializer<T> : TypeSerializer<T>
{
    private TypeSchema? _schema;
    private int _immutable;

    public sealed override TypeSchema Schema => _schema ??= Describe(new SchemaPath());

    public sealed override bool IsImmutable
    {
        get
        {
            if (_immutable == 0)
            {
                _immutable = ComputeImmutable([]) ? 1 : 2;
            }

            return _immutable == 1;
        }
    }

    public sealed override TypeSerializer<T> ForReading(TypeSchema written)
    {
        ArgumentNullException.ThrowIfNull(written);
        return SchemaComparison.SameBytes(written, Schema)
            ? this
            : new MigratedSerializer<T>(written, new Migration(TypeNames.Of(typeof(T))).Read(this, written), this);
    }

    /// <summary>The fewest bytes that a value takes; 0 where that is not known. Guards counts in corrupt input.</summary>
    internal abstract int MinBytes { get; }

    /// <summary>Whether a batch has the bytes of its values one after the other, so that a list may be written as a batch.</summary>
    internal virtual bool BatchIsSequential => true;

    /// <summary>Whether the value in memory is what is written, and every bit pattern is a value.</summary>
    internal virtual bool IsRaw => false;

    /// <summary>The serializer of a value that is known not to be null.</summary>
    internal virtual ShapeSerializer<T> Body => this;

    /// <summary>The schema as a part of the types on the path, to which it may refer by name.</summary>
    internal abstract TypeSchema Describe(SchemaPath path);

    /// <summary>A reader of bytes of another shape, with everything decided that can be decided before the first value.</summary>
    internal abstract ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration);

    /// <summary>Whether values can be shared, when the recursive types in <paramref name="assumed"/> are taken to be so.</summary>
    internal abstract bool ComputeImmutable(HashSet<object> assumed);

    [DoesNotReturn]
    private protected static void ThrowSubclass(object value) => throw new MillraceException(
        "MR1102",
        $"A value of type {TypeNames.Of(value.GetType())} cannot be written where {TypeNames.Of(typeof(T))} is declared: what the subclass adds would be lost. "
        + $"Declare it with [DerivedTypeShape(typeof({TypeNames.Of(value.GetType())}))] on {TypeNames.Of(typeof(T))}, or register a serializer for {TypeNames.Of(typeof(T))}.");
}
