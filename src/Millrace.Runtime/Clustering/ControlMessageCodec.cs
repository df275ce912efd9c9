using System.Diagnostics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;
using Message = Millrace.Runtime.Clustering.ControlMessage;

namespace Millrace.Runtime.Clustering;

/// <summary>The bytes of a <see cref="ControlMessage"/>: a kind, then its members in order. Both ends are of the same version of Millrace; the handshake of their connection sees to that.</summary>
internal static class ControlMessageCodec
{
    private enum Kind : byte
    {
        Deploy = 1,
        Cancel,
        Finish,
        Drain,
        Abandon,
        Trigger,
        Completed,
        Aborted,
        CheckpointOver,
        AddSplits,
        NoMoreSplits,
        AlignTo,
        TriggerReader,
        StateChanged = 64,
        Acknowledged,
        Declined,
        Drained,
        ReaderConnected,
        ReaderStarted,
        RequestSplit,
        ReportWatermark,
        Measured,
        Leaving,
    }

    /// <param name="output">Where to.</param>
    /// <param name="message">The message.</param>
    /// <param name="now">The time by <see cref="MonotonicClock"/>.</param>
    public static void Write(ref BinaryOutput output, Message message, long now)
    {
        output.WriteByte((byte)KindOf(message));
        switch (message)
        {
            case Message.Order order:
                WriteSubtask(ref output, order.Subtask, order.Attempt);
                break;
            case Message.Report report:
                WriteSubtask(ref output, report.Subtask, report.Attempt);
                break;
        }

        switch (message)
        {
            case Message.Deploy deploy:
                WritePlan(ref output, deploy.Plan);
                break;
            case Message.Trigger trigger:
                ControlCodec.WriteBarrier(ref output, trigger.Barrier, now);
                break;
            case Message.TriggerReader trigger:
                ControlCodec.WriteBarrier(ref output, trigger.Barrier, now);
                break;
            case Message.Completed completed:
                output.WriteVarInt(completed.CheckpointId);
                break;
            case Message.Aborted aborted:
                output.WriteVarInt(aborted.CheckpointId);
                break;
            case Message.CheckpointOver over:
                output.WriteVarInt(over.CheckpointId);
                output.WriteBoolean(over.IsDiscarded);
                break;
            case Message.AddSplits add:
                output.WriteVarUInt((ulong)add.Splits.Count);
                foreach (var split in add.Splits)
                {
                    WriteBytes(ref output, split);
                }

                break;
            case Message.AlignTo align:
                output.WriteVarInt(align.Watermark);
                break;
            case Message.StateChanged changed:
                output.WriteByte((byte)changed.State);
                RemoteErrors.Write(ref output, changed.Error);
                break;
            case Message.Acknowledged acknowledged:
                output.WriteVarInt(acknowledged.CheckpointId);
                WriteSnapshot(ref output, acknowledged.Snapshot);
                WriteStrings(ref output, acknowledged.Written);
                break;
            case Message.Declined declined:
                output.WriteVarInt(declined.CheckpointId);
                RemoteErrors.Write(ref output, declined.Error);
                break;
            case Message.Measured measured:
                MeasuredFormat.Write(ref output, measured.Counts, measured.Operators);
                break;
            case Message.ReportWatermark report:
                output.WriteString(report.Group);
                output.WriteVarInt(report.Watermark);
                break;
        }
    }

    /// <summary>Reads a message; what it says lies in memory of its own.</summary>
    /// <exception cref="InvalidDataException">The bytes are no message.</exception>
    public static Message Read(ReadOnlySpan<byte> bytes, long now)
    {
        // State that is inline becomes a view of it, and the frame goes back to its pool.
        ReadOnlyMemory<byte> own = bytes.ToArray();
        var input = new BinaryInput(own.Span);
        var message = Read(ref input, own, now);
        return input.Remaining == 0 ? message : throw new InvalidDataException($"{input.Remaining} bytes follow the end of a message.");
    }

    private static Message Read(ref BinaryInput input, ReadOnlyMemory<byte> bytes, long now)
    {
        var kind = (Kind)input.ReadByte();
        if (kind == Kind.Deploy)
        {
            return new Message.Deploy(ReadPlan(ref input));
        }

        if (kind == Kind.CheckpointOver)
        {
            return new Message.CheckpointOver(input.ReadVarInt(), input.ReadBoolean());
        }

        if (kind == Kind.Leaving)
        {
            return new Message.Leaving();
        }

        var subtask = new SubtaskId(ReadCount(ref input), ReadCount(ref input));
        int attempt = ReadCount(ref input);
        return kind switch
        {
            Kind.Cancel => new Message.Cancel(subtask, attempt),
            Kind.Finish => new Message.Finish(subtask, attempt),
            Kind.Drain => new Message.Drain(subtask, attempt),
            Kind.Abandon => new Message.Abandon(subtask, attempt),
            Kind.Trigger => new Message.Trigger(subtask, attempt, ControlCodec.ReadBarrier(ref input, now)),
            Kind.Completed => new Message.Completed(subtask, attempt, input.ReadVarInt()),
            Kind.Aborted => new Message.Aborted(subtask, attempt, input.ReadVarInt()),
            Kind.AddSplits => new Message.AddSplits(subtask, attempt, ReadSplits(ref input)),
            Kind.NoMoreSplits => new Message.NoMoreSplits(subtask, attempt),
            Kind.AlignTo => new Message.AlignTo(subtask, attempt, input.ReadVarInt()),
            Kind.TriggerReader => new Message.TriggerReader(subtask, attempt, ControlCodec.ReadBarrier(ref input, now)),
            Kind.StateChanged => new Message.StateChanged(subtask, attempt, ReadState(ref input), RemoteErrors.Read(ref input)),
            Kind.Acknowledged => new Message.Acknowledged(subtask, attempt, input.ReadVarInt(), ReadSnapshot(ref input, bytes, subtask), ReadStrings(ref input)),
            Kind.Declined => new Message.Declined(
                subtask, attempt, input.ReadVarInt(), RemoteErrors.Read(ref input) ?? throw new InvalidDataException("A checkpoint is declined without an error.")),
            Kind.Drained => new Message.Drained(subtask, attempt),
            Kind.ReaderConnected => new Message.ReaderConnected(subtask, attempt),
            Kind.ReaderStarted => new Message.ReaderStarted(subtask, attempt),
            Kind.RequestSplit => new Message.RequestSplit(subtask, attempt),
            Kind.Measured => new Message.Measured(subtask, attempt, MeasuredFormat.ReadCounts(ref input), MeasuredFormat.ReadOperators(ref input)),
            Kind.ReportWatermark => new Message.ReportWatermark(subtask, attempt, input.ReadString(), input.ReadVarInt()),
            _ => throw new InvalidDataException($"A message is of kind {(int)kind}, which is none."),
        };
    }

    private static Kind KindOf(Message message) => message switch
    {
        Message.Deploy => Kind.Deploy,
        Message.Cancel => Kind.Cancel,
        Message.Finish => Kind.Finish,
        Message.Drain => Kind.Drain,
        Message.Abandon => Kind.Abandon,
        Message.Trigger => Kind.Trigger,
        Message.Completed => Kind.Completed,
        Message.Aborted => Kind.Aborted,
        Message.CheckpointOver => Kind.CheckpointOver,
        Message.AddSplits => Kind.AddSplits,
        Message.NoMoreSplits => Kind.NoMoreSplits,
        Message.AlignTo => Kind.AlignTo,
        Message.TriggerReader => Kind.TriggerReader,
        Message.StateChanged => Kind.StateChanged,
        Message.Acknowledged => Kind.Acknowledged,
        Message.Declined => Kind.Declined,
        Message.Drained => Kind.Drained,
        Message.ReaderConnected => Kind.ReaderConnected,
        Message.ReaderStarted => Kind.ReaderStarted,
        Message.RequestSplit => Kind.RequestSplit,
        Message.ReportWatermark => Kind.ReportWatermark,
        Message.Measured => Kind.Measured,
        Message.Leaving => Kind.Leaving,
        _ => throw new UnreachableException($"{message.GetType().Name} has no kind."),
    };

    private static void WriteSubtask(ref BinaryOutput output, SubtaskId subtask, int attempt)
    {
        output.WriteVarUInt((ulong)subtask.Vertex);
        output.WriteVarUInt((ulong)subtask.Index);
        output.WriteVarUInt((ulong)attempt);
    }

    private static void WritePlan(ref BinaryOutput output, DeploymentPlan plan)
    {
        output.WriteString(plan.Fingerprint);
        output.WriteVarUInt((ulong)plan.Nodes.Count);
        foreach (var node in plan.Nodes)
        {
            output.WriteString(node.Name);
            output.WriteString(node.Hash);
        }

        output.WriteVarUInt((ulong)plan.Parallelism);
        output.WriteVarUInt((ulong)plan.Tasks.Count);
        foreach (int subtasks in plan.Tasks)
        {
            output.WriteVarUInt((ulong)subtasks);
        }

        output.WriteVarUInt((ulong)plan.Attempt);
        output.WriteVarInt(plan.Epoch);
        output.WriteVarUInt((ulong)plan.Workers.Count);
        foreach (var worker in plan.Workers)
        {
            WriteWorker(ref output, worker);
        }

        output.WriteVarUInt((ulong)plan.Placement.Count);
        foreach (var (subtask, worker) in plan.Placement)
        {
            WriteSubtask(ref output, subtask, worker);
        }

        WriteBytes(ref output, plan.Manifest);
        output.WriteBoolean(plan.IsKept);
        output.WriteVarUInt((ulong)(plan.MeasureInterval?.TotalMilliseconds ?? 0));
        WriteProgram(ref output, plan.Program);
    }

    private static DeploymentPlan ReadPlan(ref BinaryInput input)
    {
        string fingerprint = input.ReadString();
        var nodes = new NodeFingerprint[input.ReadLength()];
        for (int i = 0; i < nodes.Length; i++)
        {
            nodes[i] = new NodeFingerprint(input.ReadString(), input.ReadString());
        }

        int parallelism = ReadCount(ref input);
        int[] tasks = new int[input.ReadLength()];
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = ReadCount(ref input);
        }

        int attempt = ReadCount(ref input);
        long epoch = input.ReadVarInt();
        var workers = new WorkerInfo[input.ReadLength()];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = ReadWorker(ref input);
        }

        var placement = new (SubtaskId, int)[input.ReadLength()];
        for (int i = 0; i < placement.Length; i++)
        {
            var subtask = new SubtaskId(ReadCount(ref input), ReadCount(ref input));
            int worker = ReadCount(ref input);
            placement[i] = worker < workers.Length ? (subtask, worker) : throw new InvalidDataException($"A subtask is on worker {worker} of {workers.Length}.");
        }

        return new DeploymentPlan(fingerprint, nodes, parallelism, tasks, attempt, epoch, workers, placement, ReadBytes(ref input), input.ReadBoolean())
        {
            MeasureInterval = ReadCount(ref input) is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
            Program = ReadProgram(ref input),
        };
    }

    private static void WriteProgram(ref BinaryOutput output, JobProgram? program)
    {
        output.WriteBoolean(program is not null);
        if (program is not null)
        {
            output.WriteString(program.Id);
            output.WriteString(program.EntryType ?? "");
            output.WriteString(program.Submission);
            WriteStrings(ref output, program.Arguments);
            output.WriteVarUInt((ulong)program.Settings.Count);
            foreach (var (key, value) in program.Settings)
            {
                output.WriteString(key);
                output.WriteString(value);
            }
        }
    }

    private static JobProgram? ReadProgram(ref BinaryInput input)
    {
        if (!input.ReadBoolean())
        {
            return null;
        }

        string id = input.ReadString();
        string entry = input.ReadString();
        string submission = input.ReadString();
        string[] arguments = ReadStrings(ref input);
        var settings = new Dictionary<string, string>();
        for (int count = input.ReadLength(); count > 0; count--)
        {
            string key = input.ReadString();
            settings[key] = input.ReadString();
        }

        return new JobProgram(id, entry.Length == 0 ? null : entry, submission) { Arguments = arguments, Settings = settings };
    }

    /// <summary>Writes who a worker is; the handshake of connections uses it too.</summary>
    public static void WriteWorker(ref BinaryOutput output, WorkerInfo worker)
    {
        output.WriteString(worker.Id);
        output.WriteString(worker.Name);
        output.WriteString(worker.Host);
        output.WriteVarUInt((ulong)worker.Port);
        output.WriteVarUInt((ulong)worker.Slots);
    }

    /// <inheritdoc cref="WriteWorker"/>
    public static WorkerInfo ReadWorker(ref BinaryInput input) => new(input.ReadString(), input.ReadString(), input.ReadString(), ReadCount(ref input), ReadCount(ref input));

    private static void WriteSnapshot(ref BinaryOutput output, TaskSnapshot snapshot)
    {
        output.WriteVarUInt((ulong)snapshot.Operators.Count);
        foreach (var op in snapshot.Operators)
        {
            ManifestFormat.WriteSubtask(ref output, op, "");
        }

        output.WriteVarUInt((ulong)snapshot.InFlight.Count);
        foreach (var channel in snapshot.InFlight)
        {
            output.WriteString(channel.Edge);
            output.WriteVarUInt((ulong)channel.Producer);
            output.WriteVarUInt((ulong)channel.Consumer);
            output.WriteBoolean(channel.IsOutput);
            output.WriteVarUInt((ulong)channel.Elements);
            ManifestFormat.WriteFile(ref output, channel.Data, "");
            output.WriteByte((byte)channel.Format!.Partitioning);
            SchemaFormat.Write(ref output, channel.Format.Records);
        }

        output.WriteBoolean(snapshot.IsDrained);
        var statistics = snapshot.Statistics;
        output.WriteDouble(statistics.StartDelay);
        output.WriteDouble(statistics.Alignment);
        output.WriteDouble(statistics.Sync);
        output.WriteDouble(statistics.Async);
        output.WriteVarInt(statistics.StateBytes);
        output.WriteVarInt(statistics.WrittenBytes);
        output.WriteVarInt(statistics.InFlightBytes);
    }

    private static TaskSnapshot ReadSnapshot(ref BinaryInput input, ReadOnlyMemory<byte> bytes, SubtaskId subtask)
    {
        var operators = new OperatorSnapshot[input.ReadLength()];
        for (int i = 0; i < operators.Length; i++)
        {
            operators[i] = ManifestFormat.ReadSubtask(ref input, bytes, "");
        }

        var inFlight = new ChannelSnapshot[input.ReadLength()];
        for (int i = 0; i < inFlight.Length; i++)
        {
            inFlight[i] = new ChannelSnapshot(
                input.ReadString(), ReadCount(ref input), ReadCount(ref input), input.ReadBoolean(), ReadCount(ref input), ManifestFormat.ReadFile(ref input, bytes, ""))
            {
                Format = new InFlightFormat(ReadPartitioning(ref input), SchemaFormat.Read(ref input)),
            };
        }

        bool isDrained = input.ReadBoolean();
        var statistics = new SnapshotStatistics(
            input.ReadDouble(), input.ReadDouble(), input.ReadDouble(), input.ReadDouble(), input.ReadVarInt(), input.ReadVarInt(), input.ReadVarInt());
        return new TaskSnapshot(subtask, operators, inFlight, isDrained, statistics);
    }

    private static PartitioningKind ReadPartitioning(ref BinaryInput input)
    {
        var kind = (PartitioningKind)input.ReadByte();
        return kind <= PartitioningKind.Custom ? kind : throw new InvalidDataException($"Records are dealt out in way {(int)kind}, which is none.");
    }

    private static SubtaskState ReadState(ref BinaryInput input)
    {
        var state = (SubtaskState)input.ReadByte();
        return state <= SubtaskState.Failed ? state : throw new InvalidDataException($"A subtask is in state {(int)state}, which is none.");
    }

    private static void WriteStrings(ref BinaryOutput output, IReadOnlyList<string> strings)
    {
        output.WriteVarUInt((ulong)strings.Count);
        foreach (string text in strings)
        {
            output.WriteString(text);
        }
    }

    private static string[] ReadStrings(ref BinaryInput input)
    {
        string[] strings = new string[input.ReadLength()];
        for (int i = 0; i < strings.Length; i++)
        {
            strings[i] = input.ReadString();
        }

        return strings;
    }

    private static void WriteBytes(ref BinaryOutput output, ReadOnlyMemory<byte> bytes)
    {
        output.WriteVarUInt((ulong)bytes.Length);
        output.WriteRaw(bytes.Span);
    }

    private static byte[] ReadBytes(ref BinaryInput input) => input.ReadRaw(input.ReadLength()).ToArray();

    private static ReadOnlyMemory<byte>[] ReadSplits(ref BinaryInput input)
    {
        var splits = new ReadOnlyMemory<byte>[input.ReadLength()];
        for (int i = 0; i < splits.Length; i++)
        {
            splits[i] = ReadBytes(ref input);
        }

        return splits;
    }

    private static int ReadCount(ref BinaryInput input) => checked((int)input.ReadVarUInt());
}
