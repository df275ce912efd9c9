using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Exchange;

/// <summary>A way out of a task.</summary>
internal abstract class TaskOutput
{
    /// <summary>Sends what waits for credit, as far as there is some.</summary>
    public abstract void Drain();

    /// <summary>Sends partly filled batches.</summary>
    public abstract void Flush();

    /// <summary>Sends the partly filled batch of one channel.</summary>
    /// <param name="channel">The channel's index.</param>
    public abstract void Flush(int channel);

    /// <summary>
    /// The other ways to the same subtasks: the other input of a join. When a full batch leaves for one of them, what these have for it goes too; otherwise the rarer side would come
    /// to the join far behind the other.
    /// </summary>
    public IReadOnlyList<TaskOutput> InStep { get; set; } = [];

    /// <summary>Sends a control element through all channels, behind what waits.</summary>
    public abstract void Control(in ControlElement element);

    /// <summary>Sends a barrier: in order, or past everything that has no credit, which is recorded then.</summary>
    /// <param name="barrier">The barrier.</param>
    /// <param name="overtakes">Whether it goes past what waits.</param>
    /// <param name="recordings">Takes what was overtaken.</param>
    public abstract void Send(CheckpointBarrier barrier, bool overtakes, List<ChannelRecording> recordings);

    /// <summary>Whether a barrier still waits for credit and may overtake what it waits behind.</summary>
    public abstract bool HasWaiting(CheckpointBarrier barrier);

    /// <summary>Lets a barrier that waits for credit overtake after all.</summary>
    /// <param name="barrier">The barrier.</param>
    /// <param name="recordings">Takes what was overtaken.</param>
    public abstract void Overtake(CheckpointBarrier barrier, List<ChannelRecording> recordings);
}
