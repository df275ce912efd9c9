using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.LocalRecovery;

/// <summary>A worker that writes files for checkpoints of a job, its disk, and the storage.</summary>
internal sealed class CopiesRig
{
    public const string Job = "job";

    private readonly Dictionary<long, List<StateFile>> _written = [];

    public CopiesRig(long maxBytes = long.MaxValue)
    {
        MaxBytes = maxBytes;
        Restart();
    }

    public long MaxBytes { get; }

    public MemoryCheckpointStorage Storage { get; } = new();

    /// <summary>The worker's disk: outlives its process.</summary>
    public MemoryCheckpointStorage Disk { get; } = new();

    public KeptLog Log { get; } = new();

    public LocalCopies Copies { get; private set; } = null!;

    public WorkerFiles Files { get; private set; } = null!;

    /// <summary>Another process of the same name.</summary>
    public void Restart()
    {
        Copies = new LocalCopies(Disk, MaxBytes, Log);
        Files = new WorkerFiles(Storage, Job, inlineThreshold: 0, Copies);
    }

    /// <summary>Writes a file for a checkpoint.</summary>
    public StateFile Write(long checkpoint, int length = 100, bool isShared = false, SnapshotKind kind = SnapshotKind.Checkpoint) =>
        Write(new CheckpointBarrier(checkpoint, 0, kind, Folder: kind == SnapshotKind.Checkpoint ? null : "savepoints/one"), length, isShared);

    /// <summary>A subtask acknowledges a checkpoint with what it wrote and files that it names again.</summary>
    public void Acknowledge(long checkpoint, params StateFile[] files) => Files.Acknowledged(checkpoint, Snapshot(files));

    public void Complete(long checkpoint) => Files.End(checkpoint, isDiscarded: false)();

    public void Discard(long checkpoint) => Files.End(checkpoint, isDiscarded: true)();

    /// <summary>A reader of a checkpoint that names files, in a deployment.</summary>
    public (CheckpointReader Reader, DeploymentRestore Restore) Reader(params StateFile[] files)
    {
        var restore = new DeploymentRestore(Copies);
        return (new CheckpointReader(Storage, Manifest(1, files), $"{Job}/shared", restore), restore);
    }

    public static CheckpointManifest Manifest(long checkpoint, params StateFile[] files) => new(
        Job, "Job", checkpoint, 1, SnapshotKind.Checkpoint, 0, [new OperatorManifest("uid", "counts", 1, 128, false, null, [Operator(files)])], []);

    private static OperatorSnapshot Operator(StateFile[] files) => new("uid", 0, new KeyedStateHandle("native", 128, new KeyGroupRange(0, 128), files, default), []);

    private static TaskSnapshot Snapshot(StateFile[] files) => new(new SubtaskId(0, 0), [Operator(files)], [], false, new SnapshotStatistics(0, 0, 0, 0, 0, 0, 0));

    private StateFile Write(CheckpointBarrier barrier, int length, bool isShared)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return Files.Of(barrier).Write("state", stream =>
        {
            // In pieces, as serializers write.
            stream.Write(content.AsSpan(0, length / 2));
            stream.Write(content.AsSpan(length / 2));
        }, isShared, CancellationToken.None);
    }
}
