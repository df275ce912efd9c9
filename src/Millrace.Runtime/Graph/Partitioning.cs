using Millrace.Runtime.Exchange;
using Millrace.Runtime.State;

namespace Millrace.Runtime.Graph;

/// <summary>How records get from the subtasks of one operator to those of the next. The numbers stand in checkpoints.</summary>
internal enum PartitioningKind : byte
{
    /// <summary>Forward where the parallelism is the same, else rebalance.</summary>
    Default,
    Forward,
    Hash,
    Rebalance,
    Broadcast,

    /// <summary>In turn to the few consumers that belong to a producer.</summary>
    Rescale,

    /// <summary>By chance.</summary>
    Shuffle,

    /// <summary>All to the first consumer.</summary>
    Global,

    /// <summary>As a function of the user's says.</summary>
    Custom,
}

/// <summary>What follows from how records are dealt out.</summary>
internal static class PartitioningKinds
{
    /// <summary>Whether there is a channel between two subtasks.</summary>
    public static bool Connects(this PartitioningKind kind, int producer, int producers, int consumer, int consumers) => kind switch
    {
        PartitioningKind.Forward => producer == consumer,
        PartitioningKind.Rescale => producers >= consumers
            ? (int)((long)producer * consumers / producers) == consumer
            : (int)((long)consumer * producers / consumers) == producer,
        _ => true,
    };

    /// <summary>Whether it depends on the record where it goes, so that records in flight find their consumer again at another parallelism.</summary>
    public static bool LooksAtRecords(this PartitioningKind kind) => kind is PartitioningKind.Hash or PartitioningKind.Custom;
}

/// <summary>How records of one type get from the subtasks of one operator to those of the next.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal abstract class Partitioning<T>
{
    public abstract PartitioningKind Kind { get; }

    /// <summary>Makes the partitioner of one output of one subtask.</summary>
    /// <param name="kind">The kind, with <see cref="PartitioningKind.Default"/> resolved.</param>
    /// <param name="subtask">The producing subtask.</param>
    /// <param name="channels">How many channels it has.</param>
    /// <param name="maxParallelism">The consumer's key groups.</param>
    /// <param name="serializers">Gives hashers.</param>
    /// <param name="description">Which stream this is, for messages.</param>
    public abstract Partitioner<T> Create(PartitioningKind kind, int subtask, int channels, int maxParallelism, ISerializerProvider serializers, string description);

    /// <summary>Why the partitioning cannot work with these types; <see langword="null"/> where it can.</summary>
    public virtual string? WhyNot(ISerializerCheck check) => null;
}

/// <summary>A partitioning that does not look at the records.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class UnkeyedPartitioning<T>(PartitioningKind kind) : Partitioning<T>
{
    public override PartitioningKind Kind => kind;

    public override Partitioner<T> Create(PartitioningKind kind, int subtask, int channels, int maxParallelism, ISerializerProvider serializers, string description) => kind switch
    {
        PartitioningKind.Forward => new ForwardPartitioner<T>(),
        PartitioningKind.Broadcast => new BroadcastPartitioner<T>(),
        PartitioningKind.Rebalance => new RebalancePartitioner<T>(subtask),
        PartitioningKind.Rescale => new RebalancePartitioner<T>(0),
        PartitioningKind.Shuffle => new ShufflePartitioner<T>(subtask),
        PartitioningKind.Global => new GlobalPartitioner<T>(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Only a resolved partitioning has a partitioner."),
    };
}

/// <summary>A partitioning by key.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <param name="selectKey">Gives a record's key.</param>
/// <param name="isSelectedAgain">Whether the operator behind selects the key once more, and so sees the error of a key selector that throws.</param>
internal sealed class HashPartitioning<T, TKey>(Func<T, TKey> selectKey, bool isSelectedAgain = true) : Partitioning<T>
{
    public override PartitioningKind Kind => PartitioningKind.Hash;

    public override Partitioner<T> Create(PartitioningKind kind, int subtask, int channels, int maxParallelism, ISerializerProvider serializers, string description) =>
        new HashPartitioner<T, TKey>(selectKey, serializers.GetHasher<TKey>(), maxParallelism, channels, description) { CanLeaveErrors = isSelectedAgain };

    public override string? WhyNot(ISerializerCheck check) => check.WhyNotAKey<TKey>();
}

/// <summary>A partitioning by a function of the user's.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class CustomPartitioning<T>(Func<T, int, int> choose) : Partitioning<T>
{
    public override PartitioningKind Kind => PartitioningKind.Custom;

    public override Partitioner<T> Create(PartitioningKind kind, int subtask, int channels, int maxParallelism, ISerializerProvider serializers, string description) =>
        new CustomPartitioner<T>(choose, description);
}
