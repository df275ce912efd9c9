using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Sources;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <summary>The coordinator's hand on a subtask of another worker: every call becomes an order. To one whose worker is lost nothing is sent; that it has failed was told then.</summary>
/// <param name="id">Which subtask.</param>
/// <param name="description">For people.</param>
/// <param name="attempt">The attempt.</param>
/// <param name="worker">Where it lives.</param>
/// <param name="link">The connection to that worker.</param>
internal sealed class RemoteSubtask(SubtaskId id, string description, int attempt, WorkerInfo worker, ControlLink link) : ISubtaskHandle, IRemoteReader
{
    public SubtaskId Id => id;

    public string Description => description;

    public int Attempt => attempt;

    public WorkerInfo Worker => worker;

    public ControlLink Link => link;

    public void Cancel() => link.Send(new ControlMessage.Cancel(id, attempt));

    public void Finish() => link.Send(new ControlMessage.Finish(id, attempt));

    public void Drain() => link.Send(new ControlMessage.Drain(id, attempt));

    public void Trigger(CheckpointBarrier barrier) => link.Send(new ControlMessage.Trigger(id, attempt, barrier));

    public void CheckpointCompleted(long checkpointId) => link.Send(new ControlMessage.Completed(id, attempt, checkpointId));

    public void CheckpointAborted(long checkpointId) => link.Send(new ControlMessage.Aborted(id, attempt, checkpointId));

    public string Abandon()
    {
        link.Send(new ControlMessage.Abandon(id, attempt));
        return $"on worker {worker}, whose log says where";
    }

    void IRemoteReader.AddSplits(IReadOnlyList<ReadOnlyMemory<byte>> splits) => link.Send(new ControlMessage.AddSplits(id, attempt, splits));

    void IRemoteReader.NoMoreSplits() => link.Send(new ControlMessage.NoMoreSplits(id, attempt));

    void IRemoteReader.AlignTo(long watermark) => link.Send(new ControlMessage.AlignTo(id, attempt, watermark));

    void IRemoteReader.TriggerCheckpoint(CheckpointBarrier barrier) => link.Send(new ControlMessage.TriggerReader(id, attempt, barrier));
}
