using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Counts of strings and collections: 0 is null, otherwise the count and 1.</summary>
internal static class Counts
{
    public const int Null = -1;

    public static void Write(ref BinaryOutput output, int count) => output.WriteVarUInt((ulong)((long)count + 1));

    /// <summary>Reads a count, and refuses one that the rest of the input cannot hold, before anything is allocated for it.</summary>
    public static int Read(ref BinaryInput input, int bytesPerItem)
    {
        ulong raw = input.ReadVarUInt();
        if (raw > int.MaxValue || ((long)raw - 1) * bytesPerItem > input.Remaining)
        {
            throw new InvalidDataException($"A count of {raw - 1} at byte {input.Position} goes past the end: {input.Remaining} bytes are left.");
        }

        return (int)raw - 1;
    }
}
