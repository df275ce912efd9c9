using Millrace.Runtime.State.Keyed.Ttl;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>Writes nothing: the serializer of <see cref="VoidNamespace"/>.</summary>
internal sealed class VoidNamespaceSerializer : TypeSerializer<VoidNamespace>
{
    public static readonly VoidNamespaceSerializer Instance = new();

    public override TypeSchema Schema { get; } = TypeSchema.Scalar("void");

    public override bool IsImmutable => true;

    public override void Write(ref BinaryOutput output, in VoidNamespace value)
    {
    }

    public override VoidNamespace Read(ref BinaryInput input) => default;

    public override VoidNamespace Copy(VoidNamespace value) => value;

    public override TypeSerializer<VoidNamespace> ForReading(TypeSchema written) =>
        written.Equals(Schema) ? this : throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written by namespace {written}, and has no namespace now.");
}

/// <summary>
/// Writes a value of a value state, which may be null whatever its type says: a reference that was created as default and never assigned.
/// </summary>
internal sealed class ValueStateSerializer<T>(TypeSerializer<T> values) : TypeSerializer<T>
{
    public override TypeSchema Schema => values.Schema;

    public override bool IsImmutable => values.IsImmutable;

    public override void Write(ref BinaryOutput output, in T value)
    {
        output.WriteBoolean(value is not null);
        if (value is not null)
        {
            values.Write(ref output, in value);
        }
    }

    public override T Read(ref BinaryInput input) => input.ReadBoolean() ? values.Read(ref input) : default!;

    public override T Copy(T value) => value is null ? value : values.Copy(value);

    public override TypeSerializer<T> ForReading(TypeSchema written)
    {
        if (TtlSchema.IsTtl(written) && !TtlSchema.IsTtl(Schema))
        {
            return TtlSchema.ReaderOf(this, written);
        }

        var reader = values.ForReading(written);
        return ReferenceEquals(reader, values) ? this : new ValueStateSerializer<T>(reader);
    }
}

/// <summary>Writes a list: a count, then the elements.</summary>
internal sealed class StateListSerializer<T>(TypeSerializer<T> elements) : TypeSerializer<StateList<T>>
{
    public override TypeSchema Schema { get; } = new(SchemaKind.List, "", [], [elements.Schema]);

    // The container is mutable even where the elements are not.
    public override bool IsImmutable => false;

    public override void Write(ref BinaryOutput output, in StateList<T> value) => Write(ref output, value.AsSpan());

    /// <summary>Writes elements as a list of them is written.</summary>
    public void Write(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        output.WriteVarUInt((ulong)values.Length);
        elements.WriteBatch(ref output, values);
    }

    public override StateList<T> Read(ref BinaryInput input)
    {
        // Elements may take no bytes at all, so the count cannot be held against what is left.
        var values = new T[input.ReadLength(bytesPerItem: 0)];
        elements.ReadBatch(ref input, values);
        return StateList<T>.Over(values);
    }

    public override StateList<T> Copy(StateList<T> value)
    {
        var values = value.AsSpan().ToArray();
        if (!elements.IsImmutable)
        {
            foreach (ref var element in values.AsSpan())
            {
                element = element is null ? element : elements.Copy(element);
            }
        }

        return StateList<T>.Over(values);
    }

    public override TypeSerializer<StateList<T>> ForReading(TypeSchema written)
    {
        if (written is not { Kind: SchemaKind.List, Items: [var element] })
        {
            throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written as {written}, which is no list.");
        }

        var reader = TtlSchema.ReaderOf(elements, element);
        return ReferenceEquals(reader, elements) ? this : new StateListSerializer<T>(reader);
    }
}

/// <summary>Writes a map: a count, then keys and values in turn.</summary>
/// <param name="keys">Writes keys.</param>
/// <param name="values">Writes values, which may be null: a <see cref="ValueStateSerializer{T}"/>, or one that is made of it.</param>
internal sealed class StateMapSerializer<TMapKey, TValue>(TypeSerializer<TMapKey> keys, TypeSerializer<TValue> values) : TypeSerializer<StateMap<TMapKey, TValue>>
    where TMapKey : notnull
{
    public override TypeSchema Schema { get; } = new(SchemaKind.Map, "", [], [keys.Schema, values.Schema]);

    public override bool IsImmutable => false;

    public override void Write(ref BinaryOutput output, in StateMap<TMapKey, TValue> value)
    {
        output.WriteVarUInt((ulong)value.Count);
        foreach (var entry in value)
        {
            keys.Write(ref output, entry.Key);
            values.Write(ref output, entry.Value);
        }
    }

    public override StateMap<TMapKey, TValue> Read(ref BinaryInput input)
    {
        int count = input.ReadLength();
        var map = new StateMap<TMapKey, TValue>(count);
        for (int entry = 0; entry < count; entry++)
        {
            var key = keys.Read(ref input);
            map.GetOrAdd(key, out _) = values.Read(ref input);
        }

        return map;
    }

    public override StateMap<TMapKey, TValue> Copy(StateMap<TMapKey, TValue> value)
    {
        var copy = new StateMap<TMapKey, TValue>(value.Count);
        foreach (var entry in value)
        {
            copy.GetOrAdd(entry.Key, out _) = values.Copy(entry.Value);
        }

        return copy;
    }

    public override TypeSerializer<StateMap<TMapKey, TValue>> ForReading(TypeSchema written)
    {
        if (written is not { Kind: SchemaKind.Map, Items: [var key, var value] })
        {
            throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written as {written}, which is no map.");
        }

        var keyReader = keys.ForReading(key);
        var valueReader = values.ForReading(value);
        return ReferenceEquals(keyReader, keys) && ReferenceEquals(valueReader, values) ? this : new StateMapSerializer<TMapKey, TValue>(keyReader, valueReader);
    }
}
