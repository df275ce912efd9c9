using System.Diagnostics;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State.Snapshots;
using Millrace.Runtime.Tasks;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing;

/// <summary>Writes the snapshots of subtasks into the files of their checkpoint.</summary>
/// <param name="filesOf">The files of a checkpoint.</param>
/// <param name="time">Measures.</param>
internal sealed class SnapshotWriter(Func<CheckpointBarrier, CheckpointFiles> filesOf, TimeProvider time) : ISnapshotWriter
{
    public TaskSnapshot Write(PendingSnapshot snapshot, SubtaskId subtask, TimeSpan waited, CancellationToken cancellationToken)
    {
        // It may have waited long for its thread.
        cancellationToken.ThrowIfCancellationRequested();
        long started = time.GetTimestamp();
        var files = filesOf(snapshot.Barrier);
        long written = 0;
        var operators = new List<OperatorSnapshot>();
        foreach (var pending in snapshot.Operators)
        {
            var keyed = pending.Keyed is null ? null : WriteKeyed(pending, files, ref written, cancellationToken);
            if (keyed is not null || pending.Operator.Count > 0)
            {
                operators.Add(new OperatorSnapshot(pending.Uid, subtask.Index, keyed, pending.Operator));
            }
        }

        var inFlight = new List<ChannelSnapshot>();
        foreach (var recording in snapshot.Recordings)
        {
            if (recording.Count > 0)
            {
                var file = files.Write("in-flight", recording.Write, isShared: false, cancellationToken);
                inFlight.Add(new ChannelSnapshot(recording.Edge, recording.Producer, recording.Consumer, recording.IsOutput, recording.Count, file)
                {
                    Format = new InFlightFormat(recording.Partitioning, recording.Schema),
                });
            }
        }

        long inFlightBytes = inFlight.Sum(channel => channel.Data.Length);
        long stateBytes = operators.Sum(op => (op.Keyed?.Files.Sum(file => file.Length) ?? 0) + op.Operator.Sum(list => list.Items.Sum(item => (long)item.Length)));
        var statistics = new SnapshotStatistics(
            snapshot.StartDelay, snapshot.Alignment, snapshot.Sync, (waited + time.GetElapsedTime(started)).TotalMilliseconds, stateBytes, written + inFlightBytes, inFlightBytes);
        return new TaskSnapshot(subtask, operators, inFlight, snapshot.IsDrained, statistics);
    }

    private static KeyedStateHandle WriteKeyed(PendingOperatorSnapshot pending, CheckpointFiles files, ref long written, CancellationToken cancellationToken)
    {
        var (range, max, format) = pending.KeyGroups;
        if (pending.Barrier.Kind != SnapshotKind.CanonicalSavepoint)
        {
            var target = new CountingTarget(files.AsNativeTarget());
            if (pending.Keyed!.WriteNative(target, cancellationToken) is { } native)
            {
                written += target.Written;
                return new KeyedStateHandle(format, max, native.KeyGroups, native.Files, native.Metadata);
            }
        }

        var file = files.Write(
            "keyed",
            stream =>
            {
                var writer = new CanonicalStateWriter(stream, max);
                pending.Keyed!.WriteCanonical(writer, cancellationToken);
                writer.Complete();
            },
            isShared: false,
            cancellationToken);
        written += file.Length;
        Debug.Assert(range.Count > 0, "An operator with keyed state has key groups.");
        return new KeyedStateHandle(KeyedStateHandle.Canonical, max, range, [file], default);
    }

    /// <summary>Counts what is uploaded, as against what is only named again.</summary>
    private sealed class CountingTarget(NativeSnapshotTarget inner) : NativeSnapshotTarget
    {
        public long Written { get; private set; }

        public override long CheckpointId => inner.CheckpointId;

        public override bool MayShare => inner.MayShare;

        public override StateFile Upload(string localPath, string name, bool isShared, CancellationToken cancellationToken)
        {
            var file = inner.Upload(localPath, name, isShared, cancellationToken);
            Written += file.Length;
            return file;
        }
    }
}
