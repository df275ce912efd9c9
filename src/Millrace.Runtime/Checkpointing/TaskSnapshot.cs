using Millrace.Runtime.Graph;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing;

/// <summary>What a subtask contributes to a checkpoint, written and ready to be named in the manifest.</summary>
/// <param name="Subtask">The subtask.</param>
/// <param name="Operators">The state of its operators; one without state is not in it.</param>
/// <param name="InFlight">Records that the barrier has overtaken.</param>
/// <param name="IsDrained">Whether the subtask had come to the end of its inputs and everything in it was worked off.</param>
/// <param name="Statistics">How it went.</param>
internal sealed record TaskSnapshot(
    SubtaskId Subtask, IReadOnlyList<OperatorSnapshot> Operators, IReadOnlyList<ChannelSnapshot> InFlight, bool IsDrained, SnapshotStatistics Statistics);

/// <summary>The state of one operator in one subtask.</summary>
/// <param name="Uid">The operator.</param>
/// <param name="SubtaskIndex">The subtask.</param>
/// <param name="Keyed">Its keyed state, if it has any.</param>
/// <param name="Operator">Its state that belongs to no key.</param>
internal sealed record OperatorSnapshot(string Uid, int SubtaskIndex, KeyedStateHandle? Keyed, IReadOnlyList<OperatorStateSnapshot> Operator);

/// <summary>Where the keyed state of one operator in one subtask is.</summary>
/// <param name="Format"><see cref="Canonical"/>, or the name of the backend whose own format it is.</param>
/// <param name="MaxParallelism">How many key groups the operator has.</param>
/// <param name="KeyGroups">Those in it.</param>
/// <param name="Files">One file where it is canonical.</param>
/// <param name="Metadata">The backend's own; empty where it is canonical.</param>
internal sealed record KeyedStateHandle(string Format, int MaxParallelism, KeyGroupRange KeyGroups, IReadOnlyList<StateFile> Files, ReadOnlyMemory<byte> Metadata)
{
    public const string Canonical = "canonical";
}

/// <summary>What was on its way in one channel.</summary>
/// <param name="Edge">The edge: <c>source uid|target uid|input|side output</c>.</param>
/// <param name="Producer">The producing subtask.</param>
/// <param name="Consumer">The consuming subtask.</param>
/// <param name="IsOutput">Whether the producer recorded it (it had not sent it yet), and not the consumer: it comes behind what the consumer recorded.</param>
/// <param name="Elements">How many batches and control elements.</param>
/// <param name="Data">The elements, as the remote exchange encodes them: for each a length and the bytes.</param>
internal sealed record ChannelSnapshot(string Edge, int Producer, int Consumer, bool IsOutput, int Elements, StateFile Data)
{
    /// <summary>What the edge was like; null in a checkpoint of a version that did not say so.</summary>
    public InFlightFormat? Format { get; init; }
}

/// <summary>What an edge was like when records in flight on it were written. The same for all of its channels.</summary>
/// <param name="Partitioning">How records were dealt out.</param>
/// <param name="Records">How they were written.</param>
internal sealed record InFlightFormat(PartitioningKind Partitioning, TypeSchema Records);

/// <summary>How a subtask's part in a checkpoint went. Times in milliseconds.</summary>
/// <param name="StartDelay">From the beginning of the checkpoint to the first barrier.</param>
/// <param name="Alignment">From the first barrier to the last.</param>
/// <param name="Sync">How long the data path stood still.</param>
/// <param name="Async">How long writing took beside it, with the wait for a thread.</param>
/// <param name="StateBytes">The size of the state, shared files included.</param>
/// <param name="WrittenBytes">How much was written anew.</param>
/// <param name="InFlightBytes">The size of what the barrier overtook.</param>
internal sealed record SnapshotStatistics(double StartDelay, double Alignment, double Sync, double Async, long StateBytes, long WrittenBytes, long InFlightBytes);
