using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The bytes of a <see cref="CheckpointManifest"/>; docs/reference/checkpoint-format.md has them in full.</summary>
/// <remarks>
/// <code>
/// "MRCM"  version:u8  body length:u32  body  XxHash3 of all before:u64
/// </code>
/// Files beside the manifest are named relatively, so that a folder that stands for itself may be moved.
/// </remarks>
internal static class ManifestFormat
{
    public const byte Version = 2;

    // Without formats of edges: records in flight are read as the program of today writes them.
    private const byte WithoutFormats = 1;
    private const int PrefixLength = 9;
    private const int ChecksumLength = 8;

    private const byte InlineFile = 0;
    private const byte RelativeFile = 1;
    private const byte StorageFile = 2;

    private static ReadOnlySpan<byte> Magic => "MRCM"u8;

    /// <summary>Writes a manifest.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="folder">The folder that it will be in.</param>
    public static byte[] Write(CheckpointManifest manifest, string folder)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        output.WriteRaw(Magic);
        output.WriteByte(Version);
        output.WriteFixed(0u);
        output.WriteString(manifest.JobId);
        output.WriteString(manifest.JobName);
        output.WriteVarInt(manifest.CheckpointId);
        output.WriteVarInt(manifest.Epoch);
        output.WriteByte((byte)manifest.Kind);
        output.WriteVarInt(manifest.Timestamp);
        output.WriteVarUInt((ulong)manifest.Operators.Count);
        foreach (var item in manifest.Operators)
        {
            WriteOperator(ref output, item, folder);
        }

        output.WriteVarUInt((ulong)manifest.InFlight.Count);
        foreach (var channel in manifest.InFlight)
        {
            output.WriteString(channel.Edge);
            output.WriteVarUInt((ulong)channel.Producer);
            output.WriteVarUInt((ulong)channel.Consumer);
            output.WriteBoolean(channel.IsOutput);
            output.WriteVarUInt((ulong)channel.Elements);
            WriteFile(ref output, channel.Data, folder);
        }

        var formats = manifest.InFlight.Where(channel => channel.Format is not null).DistinctBy(channel => channel.Edge).ToList();
        output.WriteVarUInt((ulong)formats.Count);
        foreach (var channel in formats)
        {
            output.WriteString(channel.Edge);
            output.WriteByte((byte)channel.Format!.Partitioning);
            SchemaFormat.Write(ref output, channel.Format.Records);
        }

        output.Flush();
        var bytes = new byte[buffer.WrittenCount + ChecksumLength];
        buffer.WrittenSpan.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(5), checked((uint)(buffer.WrittenCount - PrefixLength)));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(^ChecksumLength..), XxHash3.HashToUInt64(bytes.AsSpan(..^ChecksumLength)));
        return bytes;
    }

    /// <summary>Reads a manifest. Inline state is a view of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="folder">The folder that it is in: relative names become names in the storage.</param>
    /// <exception cref="MillraceException">It is damaged, or a later version wrote it.</exception>
    public static CheckpointManifest Read(ReadOnlyMemory<byte> bytes, string folder)
    {
        string source = CheckpointNames.MetadataOf(folder);
        VerifyFrame(bytes.Span, source);
        try
        {
            return ReadBody(bytes[..^ChecksumLength], folder);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or DecoderFallbackException or OverflowException)
        {
            throw CheckpointErrors.Damaged(source, $"its checksum fits, but it cannot be read ({exception.Message})", exception);
        }
    }

    private static void VerifyFrame(ReadOnlySpan<byte> bytes, string source)
    {
        int known = Math.Min(bytes.Length, Magic.Length);
        if (!bytes[..known].SequenceEqual(Magic[..known]))
        {
            throw CheckpointErrors.Damaged(source, "it does not begin as the manifest of a checkpoint does");
        }

        if (bytes.Length < PrefixLength + ChecksumLength)
        {
            throw CheckpointErrors.Damaged(source, $"it ends after {bytes.Length} bytes");
        }

        // Before the checksum: a later version may have another frame.
        if (bytes[4] > Version)
        {
            throw CheckpointErrors.TooNew(source, bytes[4], Version);
        }

        long expected = PrefixLength + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[5..]) + ChecksumLength;
        if (expected != bytes.Length)
        {
            throw CheckpointErrors.Damaged(source, $"it has {bytes.Length} bytes, and {expected} by its own account");
        }

        if (bytes[4] is not (WithoutFormats or Version) || BinaryPrimitives.ReadUInt64LittleEndian(bytes[^ChecksumLength..]) != XxHash3.HashToUInt64(bytes[..^ChecksumLength]))
        {
            throw CheckpointErrors.Damaged(source, "its checksum is wrong");
        }
    }

    private static CheckpointManifest ReadBody(ReadOnlyMemory<byte> bytes, string folder)
    {
        var input = new BinaryInput(bytes.Span);
        input.ReadRaw(PrefixLength);
        string jobId = input.ReadString();
        string jobName = input.ReadString();
        long id = input.ReadVarInt();
        long epoch = input.ReadVarInt();
        var kind = (SnapshotKind)ReadEnum(ref input, (byte)SnapshotKind.NativeSavepoint, "kind of checkpoint");
        long timestamp = input.ReadVarInt();
        var operators = new OperatorManifest[input.ReadLength()];
        for (int index = 0; index < operators.Length; index++)
        {
            operators[index] = ReadOperator(ref input, bytes, folder);
        }

        var inFlight = new ChannelSnapshot[input.ReadLength()];
        for (int index = 0; index < inFlight.Length; index++)
        {
            inFlight[index] = new ChannelSnapshot(
                input.ReadString(), ReadCount(ref input), ReadCount(ref input), input.ReadBoolean(), ReadCount(ref input), ReadFile(ref input, bytes, folder));
        }

        if (bytes.Span[4] != WithoutFormats)
        {
            ReadFormats(ref input, inFlight);
        }

        return input.Remaining == 0
            ? new CheckpointManifest(jobId, jobName, id, epoch, kind, timestamp, operators, inFlight)
            : throw new InvalidDataException($"{input.Remaining} bytes follow the last channel.");
    }

    private static void ReadFormats(ref BinaryInput input, ChannelSnapshot[] channels)
    {
        var formats = new Dictionary<string, InFlightFormat>(StringComparer.Ordinal);
        for (int left = input.ReadLength(); left > 0; left--)
        {
            string edge = input.ReadString();
            var partitioning = (PartitioningKind)ReadEnum(ref input, (byte)PartitioningKind.Custom, "way to deal out records");
            formats[edge] = new InFlightFormat(partitioning, SchemaFormat.Read(ref input));
        }

        for (int index = 0; index < channels.Length; index++)
        {
            channels[index] = channels[index] with { Format = formats.GetValueOrDefault(channels[index].Edge) };
        }
    }

    private static void WriteOperator(ref BinaryOutput output, OperatorManifest item, string folder)
    {
        output.WriteString(item.Uid);
        output.WriteString(item.Name);
        output.WriteVarUInt((ulong)item.Parallelism);
        output.WriteVarUInt((ulong)item.MaxParallelism);
        output.WriteBoolean(item.IsFinished);
        output.WriteBoolean(item.Coordinator is not null);
        if (item.Coordinator is { } coordinator)
        {
            SchemaFormat.Write(ref output, coordinator.Schema);
            WriteBytes(ref output, coordinator.State.Span);
        }

        output.WriteVarUInt((ulong)item.Subtasks.Count);
        foreach (var subtask in item.Subtasks)
        {
            WriteSubtask(ref output, subtask, folder);
        }
    }

    private static OperatorManifest ReadOperator(ref BinaryInput input, ReadOnlyMemory<byte> bytes, string folder)
    {
        string uid = input.ReadString();
        string name = input.ReadString();
        int parallelism = ReadCount(ref input);
        int maxParallelism = ReadCount(ref input);
        bool isFinished = input.ReadBoolean();
        CoordinatorSnapshot? coordinator = input.ReadBoolean() ? new CoordinatorSnapshot(SchemaFormat.Read(ref input), ReadBytes(ref input, bytes)) : null;
        var subtasks = new OperatorSnapshot[input.ReadLength()];
        for (int index = 0; index < subtasks.Length; index++)
        {
            subtasks[index] = ReadSubtask(ref input, bytes, folder);
        }

        return new OperatorManifest(uid, name, parallelism, maxParallelism, isFinished, coordinator, subtasks);
    }

    /// <summary>Writes the state of an operator in a subtask.</summary>
    public static void WriteSubtask(ref BinaryOutput output, OperatorSnapshot subtask, string folder)
    {
        output.WriteString(subtask.Uid);
        output.WriteVarUInt((ulong)subtask.SubtaskIndex);
        output.WriteBoolean(subtask.Keyed is not null);
        if (subtask.Keyed is { } keyed)
        {
            output.WriteString(keyed.Format);
            output.WriteVarUInt((ulong)keyed.MaxParallelism);
            output.WriteVarUInt((ulong)keyed.KeyGroups.Start);
            output.WriteVarUInt((ulong)keyed.KeyGroups.Count);
            output.WriteVarUInt((ulong)keyed.Files.Count);
            foreach (var file in keyed.Files)
            {
                WriteFile(ref output, file, folder);
            }

            WriteBytes(ref output, keyed.Metadata.Span);
        }

        output.WriteVarUInt((ulong)subtask.Operator.Count);
        foreach (var state in subtask.Operator)
        {
            output.WriteString(state.Name);
            output.WriteByte((byte)state.Redistribution);
            SchemaFormat.Write(ref output, state.Schema);
            output.WriteVarUInt((ulong)state.Items.Count);
            foreach (var item in state.Items)
            {
                WriteBytes(ref output, item.Span);
            }
        }
    }

    /// <inheritdoc cref="WriteSubtask"/>
    public static OperatorSnapshot ReadSubtask(ref BinaryInput input, ReadOnlyMemory<byte> bytes, string folder)
    {
        string uid = input.ReadString();
        int index = ReadCount(ref input);
        KeyedStateHandle? keyed = null;
        if (input.ReadBoolean())
        {
            string format = input.ReadString();
            int maxParallelism = ReadCount(ref input);
            var keyGroups = new KeyGroupRange(ReadCount(ref input), ReadCount(ref input));
            var files = new StateFile[input.ReadLength()];
            for (int file = 0; file < files.Length; file++)
            {
                files[file] = ReadFile(ref input, bytes, folder);
            }

            keyed = new KeyedStateHandle(format, maxParallelism, keyGroups, files, ReadBytes(ref input, bytes));
        }

        var states = new OperatorStateSnapshot[input.ReadLength()];
        for (int state = 0; state < states.Length; state++)
        {
            string name = input.ReadString();
            var redistribution = (Redistribution)ReadEnum(ref input, (byte)Redistribution.Broadcast, "way to deal out state");
            var schema = SchemaFormat.Read(ref input);
            var items = new ReadOnlyMemory<byte>[input.ReadLength()];
            for (int item = 0; item < items.Length; item++)
            {
                items[item] = ReadBytes(ref input, bytes);
            }

            states[state] = new OperatorStateSnapshot(name, redistribution, schema, items);
        }

        return new OperatorSnapshot(uid, index, keyed, states);
    }

    /// <summary>Writes where a file is.</summary>
    public static void WriteFile(ref BinaryOutput output, StateFile file, string folder)
    {
        output.WriteString(file.Name);
        if (file.Path.Length == 0)
        {
            output.WriteByte(InlineFile);
            WriteBytes(ref output, file.Inline.Span);
        }
        else
        {
            bool isBeside = CheckpointNames.IsIn(file.Path, folder);
            output.WriteByte(isBeside ? RelativeFile : StorageFile);
            output.WriteString(isBeside ? file.Path.AsSpan(folder.Length + 1) : file.Path);
            output.WriteVarUInt((ulong)file.Length);
        }

        output.WriteFixed(file.Checksum);
    }

    /// <inheritdoc cref="WriteFile"/>
    public static StateFile ReadFile(ref BinaryInput input, ReadOnlyMemory<byte> bytes, string folder)
    {
        string name = input.ReadString();
        byte place = ReadEnum(ref input, StorageFile, "place of a file");
        if (place == InlineFile)
        {
            var content = ReadBytes(ref input, bytes);
            return new StateFile(name, "", content.Length, input.ReadFixed<ulong>(), content);
        }

        string path = input.ReadString();
        long length = checked((long)input.ReadVarUInt());
        return new StateFile(name, place == RelativeFile ? $"{folder}/{path}" : path, length, input.ReadFixed<ulong>());
    }

    private static void WriteBytes(ref BinaryOutput output, ReadOnlySpan<byte> content)
    {
        output.WriteVarUInt((ulong)content.Length);
        output.WriteRaw(content);
    }

    private static ReadOnlyMemory<byte> ReadBytes(ref BinaryInput input, ReadOnlyMemory<byte> bytes)
    {
        int length = input.ReadLength();
        int start = input.Position;
        input.ReadRaw(length);
        return bytes.Slice(start, length);
    }

    private static int ReadCount(ref BinaryInput input) => checked((int)input.ReadVarUInt());

    private static byte ReadEnum(ref BinaryInput input, byte last, string what)
    {
        byte value = input.ReadByte();
        return value <= last ? value : throw new InvalidDataException($"Byte {input.Position - 1} is {value}, which is no {what}.");
    }
}
