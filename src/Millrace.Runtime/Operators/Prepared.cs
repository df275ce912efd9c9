using Millrace.Runtime.State;
using Millrace.Serialization;

namespace Millrace.Runtime.Operators;

/// <summary>A prepared transaction, and the checkpoint that it is part of.</summary>
internal readonly record struct Prepared<T>(long CheckpointId, T Committable);

/// <summary>Writes prepared transactions.</summary>
internal sealed class PreparedSerializer<T>(TypeSerializer<T> committables) : TypeSerializer<Prepared<T>>
{
    public override TypeSchema Schema { get; } =
        new(SchemaKind.Object, "Prepared", [new SchemaMember("checkpoint", TypeSchema.Scalar("int64")), new SchemaMember("committable", committables.Schema)], []);

    public override bool IsImmutable => committables.IsImmutable;

    public override void Write(ref BinaryOutput output, in Prepared<T> value)
    {
        output.WriteFixed(value.CheckpointId);
        committables.Write(ref output, value.Committable);
    }

    public override Prepared<T> Read(ref BinaryInput input)
    {
        long checkpointId = input.ReadFixed<long>();
        return new Prepared<T>(checkpointId, committables.Read(ref input));
    }

    public override Prepared<T> Copy(Prepared<T> value) => value with { Committable = committables.Copy(value.Committable) };

    public override TypeSerializer<Prepared<T>> ForReading(TypeSchema written)
    {
        if (written is not { Kind: SchemaKind.Object, Members: [{ Name: "checkpoint", Schema.Name: "int64" }, var committable] })
        {
            throw new StateIncompatibleException(StateErrors.Incompatibility, $"it was written as {written}, which is no prepared transaction.");
        }

        var reader = committables.ForReading(committable.Schema);
        return ReferenceEquals(reader, committables) ? this : new PreparedSerializer<T>(reader);
    }
}
