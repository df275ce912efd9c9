using Millrace.Serialization;

namespace Millrace.Runtime.Exchange;

/// <summary>How the partial aggregates of a batch are written, behind its records. Only on streams that may have some: both ends know which these are.</summary>
internal abstract class PartialFormat
{
    /// <summary>Writes the partial aggregates of a batch, or that there are none.</summary>
    public abstract void Write(ref BinaryOutput output, PartialColumn? partials, int records);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="records">How many records the batch has.</param>
    /// <param name="capacity">The capacity of the batch.</param>
    /// <exception cref="InvalidDataException">The bytes are no such thing.</exception>
    public abstract PartialColumn? Read(ref BinaryInput input, int records, int capacity);
}

/// <summary>How partial aggregates of one type are written: how many records each record stands for, and the aggregates of those that stand for several.</summary>
/// <typeparam name="TContent">What records are aggregated to.</typeparam>
/// <param name="serializer">Writes what records are aggregated to.</param>
internal sealed class PartialFormat<TContent>(TypeSerializer<TContent> serializer) : PartialFormat
{
    private const byte None = 0;
    private const byte Some = 1;

    public override void Write(ref BinaryOutput output, PartialColumn? partials, int records)
    {
        if (partials is not PartialColumn<TContent> column)
        {
            output.WriteByte(None);
            return;
        }

        output.WriteByte(Some);
        for (int i = 0; i < records; i++)
        {
            output.WriteVarUInt((ulong)column.Counts[i]);
            if (column.Counts[i] > 0)
            {
                serializer.Write(ref output, in column.Contents[i]);
            }
        }
    }

    public override PartialColumn? Read(ref BinaryInput input, int records, int capacity)
    {
        byte kind = input.ReadByte();
        if (kind != Some)
        {
            return kind == None ? null : throw new InvalidDataException($"Partial aggregates are written in way {kind}, which is none.");
        }

        var column = PartialColumn<TContent>.Rent(capacity);
        for (int i = 0; i < records; i++)
        {
            ulong count = input.ReadVarUInt();
            if (count > 0)
            {
                column.Set(i, serializer.Read(ref input), checked((int)count));
            }
        }

        return column;
    }
}
