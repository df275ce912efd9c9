using Millrace.Serialization;

namespace Millrace.Runtime.Exchange.Remote;

/// <summary>
/// The payload of a batch: the count, the timestamps, then all records by <see cref="TypeSerializer{T}.WriteBatch"/>, which may write them column by column.
/// </summary>
internal static class BatchCodec
{
    // Records without event time, and those of one millisecond, have the same timestamp throughout.
    private const byte SameTimestamp = 0;
    private const byte TimestampDeltas = 1;

    public static void Write<T>(ref BinaryOutput output, RecordBatch<T> batch, TypeSerializer<T> serializer)
    {
        output.WriteVarUInt((ulong)batch.Count);
        WriteTimestamps(ref output, batch.Timestamps.AsSpan(0, batch.Count));
        serializer.WriteBatch(ref output, batch.Records);
    }

    /// <summary>Reads a batch of any size into arrays of its own.</summary>
    public static RecordBatch<T> Read<T>(ref BinaryInput input, TypeSerializer<T> serializer)
    {
        int count = checked((int)input.ReadVarUInt());
        var batch = new RecordBatch<T>(count);
        ReadTimestamps(ref input, batch.Timestamps.AsSpan(0, count));
        serializer.ReadBatch(ref input, batch.Values.AsSpan(0, count));
        batch.Count = count;
        return batch;
    }

    /// <summary>Reads a batch of at most <paramref name="capacity"/> records.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such batch.</exception>
    public static RecordBatch<T> Read<T>(ref BinaryInput input, TypeSerializer<T> serializer, int capacity)
    {
        ulong count = input.ReadVarUInt();
        if (count > (ulong)capacity)
        {
            throw new InvalidDataException($"A batch has {count} records, where {capacity} fit.");
        }

        // Goes back to the pool only when it was filled: what a serializer left behind when it failed is nobody's to clear.
        var batch = BatchPool<T>.Rent(capacity);
        ReadTimestamps(ref input, batch.Timestamps.AsSpan(0, (int)count));
        serializer.ReadBatch(ref input, batch.Values.AsSpan(0, (int)count));
        batch.Count = (int)count;
        return batch;
    }

    private static void WriteTimestamps(ref BinaryOutput output, ReadOnlySpan<long> timestamps)
    {
        if (timestamps.IsEmpty)
        {
            return;
        }

        long previous = timestamps[0];
        if (!timestamps.ContainsAnyExcept(previous))
        {
            output.WriteByte(SameTimestamp);
            output.WriteVarInt(previous);
            return;
        }

        output.WriteByte(TimestampDeltas);
        output.WriteVarInt(previous);
        foreach (long timestamp in timestamps[1..])
        {
            // Wraps around, as reading does: a record without timestamp beside one that has it is no special case.
            output.WriteVarInt(unchecked(timestamp - previous));
            previous = timestamp;
        }
    }

    private static void ReadTimestamps(ref BinaryInput input, Span<long> timestamps)
    {
        if (timestamps.IsEmpty)
        {
            return;
        }

        byte mode = input.ReadByte();
        long previous = input.ReadVarInt();
        switch (mode)
        {
            case SameTimestamp:
                timestamps.Fill(previous);
                break;
            case TimestampDeltas:
                timestamps[0] = previous;
                for (int i = 1; i < timestamps.Length; i++)
                {
                    previous = unchecked(previous + input.ReadVarInt());
                    timestamps[i] = previous;
                }

                break;
            default:
                throw new InvalidDataException($"Timestamps are encoded in way {mode}, which is none.");
        }
    }
}
