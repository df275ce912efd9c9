using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Sources;

/// <summary>What a reader's subtask asks of the enumerator. Answers come through the subtask's mailbox.</summary>
internal interface ISplitCoordinator
{
    void ReaderStarted(int subtask);

    void RequestSplit(int subtask);

    /// <summary>Says how far a reader has come, and asks how far the slowest of its group has.</summary>
    void ReportWatermark(int subtask, string group, long watermark);
}

/// <summary>What the enumerator tells a reader's subtask. Called from the enumerator's turn; implementations hand over to their own.</summary>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
internal interface ISplitReceiver<TSplit>
    where TSplit : ISourceSplit
{
    /// <summary>Gives the reader splits, all of one turn of the enumerator at once: it must not read one, and say how far it has come, before it knows of the others.</summary>
    void AddSplits(IReadOnlyList<TSplit> splits);

    void NoMoreSplits();

    /// <summary>How far the slowest of the reader's alignment group has come.</summary>
    void AlignTo(long watermark);

    /// <summary>Begins a checkpoint: what was given before belongs to it, what is given later does not.</summary>
    void TriggerCheckpoint(CheckpointBarrier barrier);
}
