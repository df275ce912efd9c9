using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Windowing.Local;
using Millrace.Serialization;

namespace Millrace.Runtime.Graph;

/// <summary>Whether an operator may be fused with its neighbours.</summary>
internal enum ChainingStrategy
{
    /// <summary>With the one before and the one behind.</summary>
    Always,

    /// <summary>Only with the one behind: a new chain starts here.</summary>
    Head,

    /// <summary>Not at all.</summary>
    Never,
}

/// <summary>An operator of the stream graph, as the user's program declares it.</summary>
internal sealed class StreamNode
{
    private string? _name;

    public required int Id { get; init; }

    /// <summary>The kind of operator, for example <c>Map</c>: the name where the user gives none, and a part of the derived uid.</summary>
    public required string Kind { get; init; }

    public required SourceLine CallSite { get; init; }

    /// <summary>The type of the main output; <see langword="null"/> for a sink.</summary>
    public required Type? OutputType { get; init; }

    /// <summary>Makes the operator of one subtask.</summary>
    public required Func<StreamOperator> CreateOperator { get; init; }

    /// <summary>Makes the operator of one subtask of a job with <see cref="ExecutionOptions.ConsistentOutput"/>; <see langword="null"/> where it is the same one.</summary>
    public Func<StreamOperator>? CreateConsistentOperator { get; init; }

    /// <summary>How records can be aggregated before they come here; <see langword="null"/> where they cannot.</summary>
    public LocalAggregation? LocalAggregation { get; init; }

    /// <summary>How the operator reads, where it is a source.</summary>
    public SourceFactory? Source { get; init; }

    public bool IsSink { get; init; }

    /// <summary>What is wrong with the operator's types and options; each says what to do.</summary>
    public Func<ISerializerCheck, IEnumerable<string>>? Check { get; init; }

    /// <summary>What of the operator cannot be written into checkpoints; each says what to do. Asked only where there are checkpoints.</summary>
    public Func<ISerializerCheck, IEnumerable<string>>? CheckSnapshots { get; set; }

    public string Name
    {
        get => _name ?? Kind;
        set => _name = value;
    }

    public string? Uid { get; set; }

    public int? Parallelism { get; set; }

    /// <summary>The bounds of its parallelism that the program gave it; null for none.</summary>
    public ParallelismBounds? ParallelismBounds { get; set; }

    public int? MaxParallelism { get; set; }

    public ChainingStrategy Chaining { get; set; }

    public bool IsBlocking { get; set; }

    /// <summary>What happens to records that user code throws on.</summary>
    public ErrorPolicy ErrorPolicy { get; set; } = ErrorPolicy.Fail;

    /// <summary>The slot-sharing group that the program gave it; null for that of its inputs: <see cref="StreamGraph.SlotSharingGroupOf"/>.</summary>
    public string? SlotSharingGroup { get; set; }

    public List<StreamEdge> Inputs { get; } = [];

    /// <summary>Makes the operator of one subtask of a job with these options.</summary>
    public StreamOperator CreateFor(ExecutionOptions options) => options.ConsistentOutput && CreateConsistentOperator is { } create ? create() : CreateOperator();

    /// <summary>
    /// Whether records are aggregated before they come here. Not where single records matter: an error policy is to have them, barriers that overtake write them, and with consistent output what is
    /// computed is not to depend on which records came together.
    /// </summary>
    public bool IsAggregatedLocally(ExecutionOptions options) =>
        LocalAggregation is not null && options.LocalAggregation && !options.ConsistentOutput && !options.Checkpoints.CanOvertake && ErrorPolicy.Fails
        && Inputs.TrueForAll(input => input.Partitioning == PartitioningKind.Hash);

    /// <summary>Name and call site, for messages.</summary>
    public override string ToString() => $"'{Name}' ({Kind}, {CallSite})";
}

/// <summary>Tells whether types can be serialized or can be keys.</summary>
internal interface ISerializerCheck
{
    /// <summary>Why a type cannot be serialized, naming the member; <see langword="null"/> where it can.</summary>
    string? WhyNotSerializable<T>();

    /// <summary>Why a type cannot be a key; <see langword="null"/> where it can.</summary>
    string? WhyNotAKey<T>();
}

/// <summary>The parts of a source that know its types.</summary>
internal abstract class SourceFactory
{
    public abstract int MaxParallelism { get; }

    public abstract bool IsBounded { get; }

    public abstract SplitCoordinator CreateCoordinator(
        ITaskScheduler scheduler, string name, int parallelism, Action<Exception> failed, ISerializerProvider? serializers, CoordinatorSnapshot? restored);

    /// <summary>How the enumerator's state is written.</summary>
    public abstract TypeSchema EnumeratorSchema(ISerializerProvider serializers);

    /// <summary>Reads the state of an enumerator as a restored job would, and throws what that would throw.</summary>
    public abstract void ReadEnumerator(CoordinatorSnapshot restored, ISerializerProvider serializers, string name);

    /// <summary>What of the source cannot be written into checkpoints.</summary>
    public abstract IEnumerable<string> CheckSnapshots(ISerializerCheck check);

    /// <summary>Makes coordinator and operator known to each other, and gives the operator's input.</summary>
    public abstract TaskInput Connect(StreamOperator op, SplitCoordinator coordinator, int subtask);

    /// <summary>Makes an enumerator in another process and the operator known to each other, and gives the operator's input.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="coordinator">Hands on what the reader asks.</param>
    /// <param name="serializers">Gives the serializer of splits.</param>
    /// <param name="reader">Takes what the enumerator says.</param>
    public abstract TaskInput ConnectRemote(StreamOperator op, ISplitCoordinator coordinator, ISerializerProvider serializers, out IRemoteReader reader);
}
