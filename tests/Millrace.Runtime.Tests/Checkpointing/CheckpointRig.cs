using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Coordination;

namespace Millrace.Runtime.Tests.Checkpointing;

/// <summary>A coordinator of a small job, with short names for what tests tell it: time in seconds, and subtasks A0 and A1 (sources) and B0, which reads from both.</summary>
internal sealed class CheckpointRig
{
    public static readonly SubtaskId A0 = new(0, 0);
    public static readonly SubtaskId A1 = new(0, 1);
    public static readonly SubtaskId B0 = new(1, 0);

    public CheckpointRig(CheckpointOptions? options = null, JobTopology? topology = null, long firstId = 1, bool start = true)
    {
        Topology = topology ?? Topologies.Joined;
        Coordinator = new CheckpointCoordinator(options ?? new CheckpointOptions { Interval = TimeSpan.FromSeconds(10) }, Topology, firstId);
        if (start)
        {
            Coordinator.Start(0);
        }
    }

    public JobTopology Topology { get; }

    public CheckpointCoordinator Coordinator { get; }

    /// <summary>The time, in milliseconds.</summary>
    public long Now { get; set; }

    public static CheckpointOptions Every(double seconds, int concurrent = 1, double pause = 0, int tolerable = 0) => new()
    {
        Interval = TimeSpan.FromSeconds(seconds),
        MaxConcurrent = concurrent,
        MinPause = TimeSpan.FromSeconds(pause),
        TolerableFailures = tolerable,
    };

    public static CheckpointOptions OnDemand(int concurrent = 1, int tolerable = 0) => new() { MaxConcurrent = concurrent, TolerableFailures = tolerable };

    public static TaskSnapshot Snapshot(SubtaskId subtask, bool isDrained = false) => new(subtask, [], [], isDrained, new SnapshotStatistics(1, 2, 3, 4, 100, 10, 1));

    public static SnapshotRequest Savepoint(StopMode stop = StopMode.None) => new(SnapshotKind.CanonicalSavepoint, "savepoints/x", stop);

    public static SnapshotRequest OneMore() => new(SnapshotKind.Checkpoint);

    public IReadOnlyList<CheckpointDecision> At(double seconds)
    {
        Now = (long)(seconds * 1000);
        return Coordinator.Tick(Now);
    }

    public IReadOnlyList<CheckpointDecision> Request(SnapshotRequest request) => Coordinator.Request(request, Now);

    public IReadOnlyList<CheckpointDecision> Acknowledge(long id, SubtaskId subtask, bool isDrained = false) => Coordinator.Acknowledged(id, Snapshot(subtask, isDrained), Now);

    /// <summary>All subtasks acknowledge.</summary>
    public IReadOnlyList<CheckpointDecision> AcknowledgeAll(long id, bool isDrained = false) => [.. Topology.Subtasks.SelectMany(subtask => Acknowledge(id, subtask, isDrained))];

    public IReadOnlyList<CheckpointDecision> Stored(long id) => Coordinator.Stored(id, $"chk-{id}", null, Now);

    public IReadOnlyList<CheckpointDecision> NotStored(long id) => Coordinator.Stored(id, null, new IOException("disk full"), Now);

    public IReadOnlyList<CheckpointDecision> Complete(long id, bool isDrained = false)
    {
        AcknowledgeAll(id, isDrained);
        return Stored(id);
    }

    public IReadOnlyList<CheckpointDecision> Decline(long id, SubtaskId subtask) => Coordinator.Declined(id, subtask, new IOException("cannot write"), Now);

    public IReadOnlyList<CheckpointDecision> Drained(SubtaskId subtask) => Coordinator.Drained(subtask, Now);

    public IReadOnlyList<CheckpointDecision> DrainedAll() => [.. Topology.Subtasks.SelectMany(Drained)];

    public IReadOnlyList<CheckpointDecision> Finished(SubtaskId subtask) => Coordinator.Finished(subtask, Now);

    public IReadOnlyList<CheckpointDecision> Stop() => Coordinator.Stop(new InvalidOperationException("broken"), Now);

    public IReadOnlyList<CheckpointDecision> Start() => Coordinator.Start(Now);
}

/// <summary>Looks for decisions.</summary>
internal static class CheckpointDecisions
{
    public static T Only<T>(this IReadOnlyList<CheckpointDecision> decisions) where T : CheckpointDecision => Assert.Single(decisions.OfType<T>());

    public static void No<T>(this IReadOnlyList<CheckpointDecision> decisions) where T : CheckpointDecision => Assert.Empty(decisions.OfType<T>());

    public static void AssertTriggers(this IReadOnlyList<CheckpointDecision> decisions, params long[] ids) =>
        Assert.Equal(ids, decisions.OfType<CheckpointDecision.Trigger>().Select(trigger => trigger.Barrier.CheckpointId));
}
