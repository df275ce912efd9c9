namespace Millrace.Serialization;

/// <summary>
/// Turns values of a type into bytes and back: on a network connection, in a snapshot, in a state backend on disk. Within a process
/// records are never serialized.
/// </summary>
/// <remarks>Safe for use by several threads at once.</remarks>
/// <typeparam name="T">The type.</typeparam>
public abstract class TypeSerializer<T>
{
    /// <summary>The shape of the bytes: written into every snapshot, so that a later program can tell whether it can read them.</summary>
    public abstract TypeSchema Schema { get; }

    /// <summary>Whether a value can be shared instead of copied: primitives, strings, and structs and records of nothing but these.</summary>
    public abstract bool IsImmutable { get; }

    /// <summary>Writes a value.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="value">The value.</param>
    public abstract void Write(ref BinaryOutput output, in T value);

    /// <summary>Reads a value.</summary>
    /// <param name="input">Gives the bytes.</param>
    /// <returns>The value.</returns>
    public abstract T Read(ref BinaryInput input);

    /// <summary>A deep copy; the value itself where <see cref="IsImmutable"/>.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The copy.</returns>
    public abstract T Copy(T value);

    /// <summary>Writes many values, one after the other; an implementation may write them column by column.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="values">The values.</param>
    public virtual void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        foreach (ref readonly var value in values)
        {
            Write(ref output, in value);
        }
    }

    /// <summary>Reads as many values as <paramref name="values"/> has room for.</summary>
    /// <param name="input">Gives the bytes.</param>
    /// <param name="values">Takes the values.</param>
    public virtual void ReadBatch(ref BinaryInput input, Span<T> values)
    {
        foreach (ref var value in values)
        {
            value = Read(ref input);
        }
    }

    /// <summary>A serializer that reads bytes of an older shape into today's type.</summary>
    /// <param name="written">The shape that the bytes were written with.</param>
    /// <returns>
    /// This serializer when the shapes are the same; another one, which reads only, when members were added, removed or reordered or
    /// numbers widened.
    /// </returns>
    /// <exception cref="StateIncompatibleException">The shapes cannot be reconciled; the message names the type and the member.</exception>
    public abstract TypeSerializer<T> ForReading(TypeSchema written);
}
