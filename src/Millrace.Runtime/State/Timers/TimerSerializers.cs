using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;

namespace Millrace.Runtime.State.Timers;

/// <summary>Writes a timer's namespace and time.</summary>
internal sealed class TimerIdSerializer<TNamespace>(TypeSerializer<TNamespace> namespaces) : TypeSerializer<TimerId<TNamespace>>
{
    public override TypeSchema Schema { get; } =
        new(SchemaKind.Object, "Timer", [new SchemaMember("namespace", namespaces.Schema), new SchemaMember("time", TypeSchema.Scalar("int64"))], []);

    public override bool IsImmutable => namespaces.IsImmutable;

    public override void Write(ref BinaryOutput output, in TimerId<TNamespace> value)
    {
        namespaces.Write(ref output, value.Namespace);
        output.WriteFixed(value.Time);
    }

    public override TimerId<TNamespace> Read(ref BinaryInput input)
    {
        var ns = namespaces.Read(ref input);
        return new TimerId<TNamespace>(ns, input.ReadFixed<long>());
    }

    public override TimerId<TNamespace> Copy(TimerId<TNamespace> value) => value with { Namespace = namespaces.Copy(value.Namespace) };

    public override TypeSerializer<TimerId<TNamespace>> ForReading(TypeSchema written)
    {
        if (written is not { Kind: SchemaKind.Object, Members: [var ns, { Name: "time", Schema.Name: "int64" }] })
        {
            throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written as {written}, which is no timer.");
        }

        var reader = namespaces.ForReading(ns.Schema);
        return ReferenceEquals(reader, namespaces) ? this : new TimerIdSerializer<TNamespace>(reader);
    }
}

/// <summary>
/// Writes the order of registration, by which the queue recognises its timers: a backend may give up the value and read it back. After a restore timers
/// of the same time keep their order; those of different subtasks are ordered by the numbers that they had there.
/// </summary>
internal sealed class TimerOrderSerializer : TypeSerializer<long>
{
    public static readonly TimerOrderSerializer Instance = new();

    public override TypeSchema Schema { get; } = TypeSchema.Scalar("timer-order");

    public override bool IsImmutable => true;

    public override void Write(ref BinaryOutput output, in long value) => output.WriteVarUInt((ulong)value);

    public override long Read(ref BinaryInput input) => (long)input.ReadVarUInt();

    public override long Copy(long value) => value;

    public override TypeSerializer<long> ForReading(TypeSchema written) =>
        written.Equals(Schema) ? this : throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written with {written}, which is no order of timers.");
}

/// <summary>Hashes what tells timers of a key apart.</summary>
internal sealed class TimerIdHasher<TNamespace>(StableHasher<TNamespace>? namespaces) : StableHasher<TimerId<TNamespace>>
{
    public override ulong Hash(TimerId<TNamespace> key) =>
        NamespaceHash.Mix(key.Time, NamespaceHash.Combine(0, key.Namespace, namespaces));
}
