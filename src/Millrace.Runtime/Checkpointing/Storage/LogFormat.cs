using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Millrace.Serialization;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The bytes of an entry of the log: <c>"MRCL" version:u8 body XxHash3 of all before:u64</c>.</summary>
internal static class LogFormat
{
    public const byte Version = 2;
    private const int PrefixLength = 5;
    private const int ChecksumLength = 8;
    private const byte NotEnded = byte.MaxValue;

    private static ReadOnlySpan<byte> Magic => "MRCL"u8;

    public static byte[] Write(LogEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        output.WriteRaw(Magic);
        output.WriteByte(Version);
        output.WriteVarInt(entry.Sequence);
        Span<byte> token = stackalloc byte[16];
        entry.Token.TryWriteBytes(token);
        output.WriteRaw(token);
        output.WriteByte((byte)entry.Kind);
        output.WriteVarInt(entry.When);
        output.WriteVarInt(entry.Subject);
        output.WriteVarInt(entry.State.Epoch);
        output.WriteVarInt(entry.State.ReservedId);
        output.WriteByte(entry.State.Ended is { } ended ? (byte)ended : NotEnded);
        output.WriteVarUInt((ulong)entry.State.Retained.Count);
        foreach (var retained in entry.State.Retained)
        {
            output.WriteVarInt(retained.Id);
            output.WriteString(retained.Path);
            output.WriteFixed(retained.ManifestChecksum);
            output.WriteBoolean(retained.IsClaimed);
        }

        output.WriteBoolean(entry.State.Savepoint is not null);
        if (entry.State.Savepoint is { } savepoint)
        {
            output.WriteVarInt(savepoint.Id);
            output.WriteString(savepoint.Path);
            output.WriteFixed(savepoint.ManifestChecksum);
            output.WriteString(savepoint.InsteadOf);
        }

        output.Flush();
        var bytes = new byte[buffer.WrittenCount + ChecksumLength];
        buffer.WrittenSpan.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(^ChecksumLength..), XxHash3.HashToUInt64(buffer.WrittenSpan));
        return bytes;
    }

    /// <summary>Reads an entry.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="sequence">The number that its name says.</param>
    /// <param name="source">The file, for errors.</param>
    /// <exception cref="MillraceException">It is damaged, or a later version wrote it.</exception>
    public static LogEntry Read(ReadOnlySpan<byte> bytes, long sequence, string source)
    {
        if (bytes.Length < PrefixLength + ChecksumLength || !bytes[..Magic.Length].SequenceEqual(Magic))
        {
            throw CheckpointErrors.LogDamaged(source, "it does not begin as an entry of the log does");
        }

        if (bytes[4] > Version)
        {
            throw CheckpointErrors.TooNew(source, bytes[4], Version);
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[^ChecksumLength..]) != XxHash3.HashToUInt64(bytes[..^ChecksumLength]))
        {
            throw CheckpointErrors.LogDamaged(source, "its checksum is wrong");
        }

        try
        {
            var entry = ReadBody(bytes[PrefixLength..^ChecksumLength], bytes[4]);
            return entry.Sequence == sequence
                ? entry
                : throw new InvalidDataException($"It is entry {entry.Sequence}.");
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or DecoderFallbackException)
        {
            throw CheckpointErrors.LogDamaged(source, $"its checksum fits, but it cannot be read ({exception.Message})", exception);
        }
    }

    private static LogEntry ReadBody(ReadOnlySpan<byte> body, byte version)
    {
        var input = new BinaryInput(body);
        long sequence = input.ReadVarInt();
        var token = new Guid(input.ReadRaw(16));
        byte kind = input.ReadByte();
        if (kind > (byte)LogEntryKind.JobEnded)
        {
            throw new InvalidDataException($"{kind} is no kind of entry.");
        }

        long when = input.ReadVarInt();
        long subject = input.ReadVarInt();
        long epoch = input.ReadVarInt();
        long reserved = input.ReadVarInt();
        byte ended = input.ReadByte();
        var retained = new RetainedCheckpoint[input.ReadLength()];
        for (int index = 0; index < retained.Length; index++)
        {
            retained[index] = new RetainedCheckpoint(input.ReadVarInt(), input.ReadString(), input.ReadFixed<ulong>(), input.ReadBoolean());
        }

        // Version 1 did not say which savepoint a job was stopped with.
        var savepoint = version > 1 && input.ReadBoolean() ? new StopSavepoint(input.ReadVarInt(), input.ReadString(), input.ReadFixed<ulong>(), input.ReadString()) : null;
        return input.Remaining == 0
            ? new LogEntry(sequence, token, (LogEntryKind)kind, when, subject, new LogState(epoch, reserved, retained, ended == NotEnded ? null : (JobState)ended, savepoint))
            : throw new InvalidDataException($"{input.Remaining} bytes follow its end.");
    }
}
