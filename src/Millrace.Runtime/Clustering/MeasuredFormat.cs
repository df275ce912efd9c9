using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;
using Millrace.Serialization;

namespace Millrace.Runtime.Clustering;

/// <summary>What a subtask has counted, as bytes.</summary>
internal static class MeasuredFormat
{
    // More than a chain can have operators.
    private const int MostOperators = 100_000;

    [Flags]
    private enum Says : byte
    {
        IsIdle = 1,
        AssignsWatermarks = 2,
        HasSplit = 4,
    }

    public static void Write(ref BinaryOutput output, TaskCounts counts, IReadOnlyList<OperatorProgress> operators)
    {
        output.WriteVarInt(counts.Busy);
        output.WriteVarInt(counts.Idle);
        output.WriteVarInt(counts.Backpressured);
        output.WriteVarInt(counts.RecordsIn);
        output.WriteVarInt(counts.RecordsOut);
        output.WriteVarInt(counts.Watermark);
        output.WriteVarInt(counts.PendingRecords ?? -1);
        output.WriteVarInt(counts.PendingBytes ?? -1);
        output.WriteVarInt(operators.Count);
        foreach (var op in operators)
        {
            output.WriteVarInt(op.Subtask);
            output.WriteVarInt(op.RecordsIn);
            output.WriteVarInt(op.RecordsOut);
            output.WriteVarInt(op.Watermark);
            output.WriteByte((byte)((op.IsIdle ? Says.IsIdle : 0) | (op.AssignsWatermarks ? Says.AssignsWatermarks : 0) | (op.Slowest is not null ? Says.HasSplit : 0)));
            if (op.Slowest is { } split)
            {
                output.WriteString(split.SplitId);
                output.WriteVarInt(split.Watermark);
            }
        }
    }

    public static TaskCounts ReadCounts(ref BinaryInput input) => new(
        input.ReadVarInt(), input.ReadVarInt(), input.ReadVarInt(), input.ReadVarInt(), input.ReadVarInt(), input.ReadVarInt(), KnownOrNull(input.ReadVarInt()), KnownOrNull(input.ReadVarInt()));

    public static IReadOnlyList<OperatorProgress> ReadOperators(ref BinaryInput input)
    {
        long count = input.ReadVarInt();
        if (count is < 0 or > MostOperators)
        {
            throw new InvalidDataException($"A subtask of {count} operators.");
        }

        // Not made as long as it is said to be: somebody else says so.
        var operators = new List<OperatorProgress>();
        for (long i = 0; i < count; i++)
        {
            int subtask = checked((int)input.ReadVarInt());
            long recordsIn = input.ReadVarInt();
            long recordsOut = input.ReadVarInt();
            long watermark = input.ReadVarInt();
            var says = (Says)input.ReadByte();
            SplitTime? split = says.HasFlag(Says.HasSplit) ? new SplitTime(input.ReadString(), input.ReadVarInt(), IsIdle: false) : null;
            operators.Add(new OperatorProgress(subtask, recordsIn, recordsOut, watermark, says.HasFlag(Says.IsIdle), says.HasFlag(Says.AssignsWatermarks), split));
        }

        return operators;
    }

    private static long? KnownOrNull(long value) => value < 0 ? null : value;
}
