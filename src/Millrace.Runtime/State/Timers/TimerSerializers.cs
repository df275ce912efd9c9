using Millrace.Runtime.State.Heap;
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
/// The order of registration is not written: restored timers of the same time are ordered by key group and then as they were written.
/// </summary>
internal sealed class TimerOrderSerializer : TypeSerializer<long>
{
    public static readonly TimerOrderSerializer Instance = new();

    public override TypeSchema Schema { get; } = TypeSchema.Scalar("void");

    public override bool IsImmutable => true;

    public override void Write(ref BinaryOutput output, in long value)
    {
    }

    public override long Read(ref BinaryInput input) => 0;

    public override long Copy(long value) => value;

    public override TypeSerializer<long> ForReading(TypeSchema written) =>
        written.Equals(Schema) ? this : throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written with {written}, which a timer does not have.");
}

/// <summary>Hashes what tells timers of a key apart.</summary>
internal sealed class TimerIdHasher<TNamespace>(StableHasher<TNamespace>? namespaces) : StableHasher<TimerId<TNamespace>>
{
    public override ulong Hash(TimerId<TNamespace> key) =>
        NamespaceHash.Mix(key.Time, NamespaceHash.Combine(0, key.Namespace, namespaces));
}
