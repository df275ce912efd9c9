using CsCheck;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Graph;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>What coordinators and workers tell each other, as bytes.</summary>
public sealed class ControlMessageCodecTests
{
    private static readonly SubtaskId Subtask = new(3, 7);

    public static TheoryData<string> Kinds => [.. Messages().Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_is_read_as_it_was_written(string kind)
    {
        var message = Messages()[kind];
        byte[] bytes = Write(message);
        var read = ControlMessageCodec.Read(bytes, now: 1_000);

        Assert.IsType(message.GetType(), read);
        Assert.Equal(Describe(message), Describe(read));

        // All that is in it, also what no comparison of records sees.
        Assert.Equal(bytes, Write(read));
    }

    [Fact]
    public void There_is_an_example_of_every_message()
    {
        var all = typeof(ControlMessage).GetNestedTypes(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic).Where(type => !type.IsAbstract).Select(type => type.Name);
        Assert.Equal(all.Order(), Messages().Values.Select(message => message.GetType().Name).Distinct().Order());
    }

    [Fact]
    public void Bytes_that_are_no_message_are_refused_and_nothing_else()
    {
        byte[][] all = [.. Messages().Values.Select(Write)];
        Gen.Select(Gen.Int[0, all.Length - 1], Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 10_000]).Sample((which, place, value, length) =>
        {
            byte[] bytes = [.. all[which].Take(1 + (length % all[which].Length))];
            bytes[place % bytes.Length] = value;
            try
            {
                ControlMessageCodec.Read(bytes, now: 0);
            }
            catch (Exception error) when (error is InvalidDataException or EndOfStreamException or OverflowException or System.Text.DecoderFallbackException or MillraceException)
            {
                // That is how a connection hears of it.
            }
        });
    }

    private static byte[] Write(ControlMessage message)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        ControlMessageCodec.Write(ref output, message, now: 1_000);
        output.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static string Describe(ControlMessage message) => message switch
    {
        ControlMessage.Deploy { Plan: var plan } => $"{plan.Fingerprint} {string.Join(',', plan.Nodes)} {plan.Parallelism} {string.Join(',', plan.Tasks)} {plan.Attempt} {plan.Epoch} "
            + $"{string.Join(',', plan.Workers.Select(worker => $"{worker.Id} {worker} {worker.Slots}"))} {string.Join(',', plan.Placement)} {Convert.ToHexString(plan.Manifest.Span)} {plan.IsKept}",
        ControlMessage.AddSplits add => string.Join(',', add.Splits.Select(split => Convert.ToHexString(split.Span))),
        ControlMessage.Acknowledged acknowledged => $"{acknowledged.CheckpointId} {acknowledged.Snapshot.Subtask} {acknowledged.Snapshot.IsDrained} {acknowledged.Snapshot.Statistics} "
            + $"{string.Join(',', acknowledged.Snapshot.Operators.Select(op => $"{op.Uid} {op.SubtaskIndex} {op.Keyed?.Format} {string.Join(';', op.Keyed?.Files.Select(file => file.Path) ?? [])} {op.Operator.Count}"))} "
            + $"{string.Join(',', acknowledged.Snapshot.InFlight.Select(channel => $"{channel.Edge} {channel.Data.Path} {channel.Format!.Partitioning}"))} {string.Join(',', acknowledged.Written)}",
        ControlMessage.StateChanged changed => $"{changed.Subtask} {changed.Attempt} {changed.State} {changed.Error?.Message}",
        ControlMessage.Declined declined => $"{declined.CheckpointId} {declined.Error.Message}",
        _ => message.ToString()!,
    };

    private static Dictionary<string, ControlMessage> Messages()
    {
        var barrier = new CheckpointBarrier(9, 1_234, SnapshotKind.CanonicalSavepoint, BarrierAlignment.AlignedWithTimeout, 250, "savepoints/a", StopsSources: true) { BegunAt = 900 };
        var schema = Serializers.Schema<long>();
        var inline = new StateFile("keyed", "", 3, 77, new byte[] { 1, 2, 3 });
        var shared = new StateFile("sst", "job/shared/abc", 4_000_000_000, ulong.MaxValue);
        var snapshot = new TaskSnapshot(
            Subtask,
            [
                new OperatorSnapshot(
                    "uid-1",
                    7,
                    new KeyedStateHandle("rocksdb", 128, new KeyGroupRange(3, 9), [inline, shared], new byte[] { 9 }),
                    [new OperatorStateSnapshot("splits", Redistribution.Split, schema, [new byte[] { 5 }, Array.Empty<byte>()])]),
                new OperatorSnapshot("uid-2", 7, null, [new OperatorStateSnapshot("union", Redistribution.Union, schema, [])]),
            ],
            [new ChannelSnapshot("a|b|0|", 1, 2, IsOutput: true, 12, shared) { Format = new InFlightFormat(PartitioningKind.Hash, schema) }],
            IsDrained: true,
            new SnapshotStatistics(1.5, 2.5, 3.5, 4.5, long.MaxValue, 6, 7));
        WorkerInfo first = new("S10.0.0.1:1@1", "worker-1", "10.0.0.1", 7_100, 4);
        var plan = new DeploymentPlan(
            "fingerprint",
            [new NodeFingerprint("'Map' (uid m)", "aa"), new NodeFingerprint("'Sink' (uid s)", "bb")],
            4,
            [4, 2],
            3,
            long.MaxValue,
            [first, first with { Id = "other", Name = "wörker-2" }],
            [(new SubtaskId(0, 0), 1), (new SubtaskId(1, 1), 0)],
            new byte[] { 1, 2, 3, 4 },
            IsKept: true);
        return new Dictionary<string, ControlMessage>
        {
            ["deploy"] = new ControlMessage.Deploy(plan),
            ["deploy without state"] = new ControlMessage.Deploy(plan with { Manifest = default, IsKept = false }),
            ["deploy a program"] = new ControlMessage.Deploy(plan with
            {
                Program = new JobProgram("id", "Entry", "submission") { Arguments = ["a", ""], Settings = new Dictionary<string, string> { ["Parallelism"] = "4", ["State:Backend"] = "heap" } },
            }),
            ["deploy a program with nothing"] = new ControlMessage.Deploy(plan with { Program = new JobProgram("id", null, "submission") }),
            ["cancel"] = new ControlMessage.Cancel(Subtask, 2),
            ["finish"] = new ControlMessage.Finish(Subtask, 2),
            ["drain"] = new ControlMessage.Drain(Subtask, 2),
            ["abandon"] = new ControlMessage.Abandon(Subtask, 2),
            ["trigger"] = new ControlMessage.Trigger(Subtask, 2, barrier),
            ["completed"] = new ControlMessage.Completed(Subtask, 2, long.MaxValue),
            ["aborted"] = new ControlMessage.Aborted(Subtask, 2, 4),
            ["over"] = new ControlMessage.CheckpointOver(4, IsDiscarded: true),
            ["splits"] = new ControlMessage.AddSplits(Subtask, 2, [new byte[] { 1, 2 }, Array.Empty<byte>(), new byte[] { 3 }]),
            ["no more splits"] = new ControlMessage.NoMoreSplits(Subtask, 2),
            ["align"] = new ControlMessage.AlignTo(Subtask, 2, long.MinValue),
            ["trigger reader"] = new ControlMessage.TriggerReader(Subtask, 2, barrier with { Folder = null }),
            ["running"] = new ControlMessage.StateChanged(Subtask, 2, SubtaskState.Running, null),
            ["failed"] = new ControlMessage.StateChanged(Subtask, 2, SubtaskState.Failed, new InvalidOperationException("no")),
            ["acknowledged"] = new ControlMessage.Acknowledged(Subtask, 2, 9, snapshot, ["job/shared/abc"]),
            ["declined"] = new ControlMessage.Declined(Subtask, 2, 9, new IOException("full")),
            ["drained"] = new ControlMessage.Drained(Subtask, 2),
            ["reader connected"] = new ControlMessage.ReaderConnected(Subtask, 2),
            ["reader started"] = new ControlMessage.ReaderStarted(Subtask, 2),
            ["request"] = new ControlMessage.RequestSplit(Subtask, 2),
            ["measured"] = new ControlMessage.Measured(Subtask, 2, new TaskCounts(1, 2, 3, 4, 5, EventTime.MinWatermark, 6), new List<OperatorProgress>()),
            ["measured, nothing pending"] = new ControlMessage.Measured(Subtask, 2, new TaskCounts(1, 2, 3, 4, 5, 6, 0, 0),
            new List<OperatorProgress>
            {
                new(7, 1, 2, EventTime.MinWatermark, true, false, null),
                new(7, 3, 4, 5, false, true, new SplitTime("file", 6, false)),
            }),
            ["leaving"] = new ControlMessage.Leaving(),
            ["watermark"] = new ControlMessage.ReportWatermark(Subtask, 2, "group", 12),
        };
    }

    private static class Serializers
    {
        public static TypeSchema Schema<T>() => new Millrace.Runtime.Serialization.SerializerProvider(new Millrace.Runtime.Serialization.SerializerRegistry()).Get<T>().Schema;
    }
}
