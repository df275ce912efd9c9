using Millrace.Serialization;

namespace Millrace.Runtime.State.Keyed.Ttl;

/// <summary>Writes a value and the time of its last use. What was written without a time is read as used when it is read.</summary>
/// <param name="values">Writes the value.</param>
/// <param name="clock">The clock of the job.</param>
/// <param name="isTimed">Whether the bytes have a time: <see langword="false"/> only for reading what was written before the state had a time to live.</param>
internal sealed class TtlSerializer<T>(TypeSerializer<T> values, TimeProvider clock, bool isTimed = true) : TypeSerializer<TtlValue<T>>
{
    public override TypeSchema Schema { get; } = TtlSchema.Of(values.Schema);

    public override bool IsImmutable => values.IsImmutable;

    public override void Write(ref BinaryOutput output, in TtlValue<T> value)
    {
        values.Write(ref output, in value.Value);
        output.WriteFixed(value.LastUse);
    }

    public override TtlValue<T> Read(ref BinaryInput input)
    {
        var value = values.Read(ref input);
        return new TtlValue<T>(value, isTimed ? input.ReadFixed<long>() : clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    public override TtlValue<T> Copy(TtlValue<T> value) => new(value.Value is null ? value.Value : values.Copy(value.Value), value.LastUse);

    public override TypeSerializer<TtlValue<T>> ForReading(TypeSchema written)
    {
        if (!TtlSchema.IsTtl(written))
        {
            return new TtlSerializer<T>(values.ForReading(written), clock, isTimed: false);
        }

        var reader = values.ForReading(TtlSchema.ValueOf(written));
        return ReferenceEquals(reader, values) ? this : new TtlSerializer<T>(reader, clock);
    }
}

/// <summary>Reads values that were written with the time of their last use, when the state has no time to live any more.</summary>
/// <param name="values">Reads the value.</param>
internal sealed class WithoutTtlSerializer<T>(TypeSerializer<T> values) : TypeSerializer<T>
{
    public override TypeSchema Schema => values.Schema;

    public override bool IsImmutable => values.IsImmutable;

    public override void Write(ref BinaryOutput output, in T value) => values.Write(ref output, in value);

    public override T Read(ref BinaryInput input)
    {
        var value = values.Read(ref input);
        input.ReadFixed<long>();
        return value;
    }

    public override T Copy(T value) => values.Copy(value);

    public override TypeSerializer<T> ForReading(TypeSchema written) => values.ForReading(written);
}
