using Millrace.Runtime.Graph;

namespace Millrace;

/// <summary>The stream that one operator produces; the operator can be named and tuned here.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class SingleOutputStream<T> : DataStream<T>
{
    private readonly StreamNode _node;

    internal SingleOutputStream(StreamExecutionEnvironment environment, StreamNode node)
        : base(environment, [new Origin(node, null, new UnkeyedPartitioning<T>(PartitioningKind.Default))])
    {
        _node = node;
    }

    internal StreamNode Node => _node;

    /// <summary>Names the operator, for people.</summary>
    /// <param name="name">The name.</param>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> Name(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _node.Name = name;
        return this;
    }

    /// <summary>Gives the operator an identity that survives changes of the program. Give one to every operator that has state.</summary>
    /// <param name="uid">Unique within the job.</param>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> Uid(string uid)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        _node.Uid = uid;
        return this;
    }

    /// <summary>Sets how many subtasks the operator has.</summary>
    /// <param name="parallelism">1 to the operator's max parallelism.</param>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> Parallelism(int parallelism)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parallelism, 1);
        _node.Parallelism = parallelism;
        return this;
    }

    /// <summary>Bounds how many subtasks the operator has, whatever the parallelism of the job: where that is less or more, the operator has the number within the bounds that is nearest.</summary>
    /// <param name="min">The fewest; at least 1. The job does not start with fewer.</param>
    /// <param name="max">The most, for example what a service that the operator asks can bear; at least <paramref name="min"/>.</param>
    /// <returns>This stream.</returns>
    /// <remarks>In a cluster they hold for a rescale, for the mode <c>Reactive</c> and for the autoscaler. Operators with other bounds are not fused into one task.</remarks>
    /// <example><code>clicks.Map(Enrich).ParallelismBounds(2, 8)</code></example>
    public SingleOutputStream<T> ParallelismBounds(int min, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(min, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, min);
        _node.ParallelismBounds = new ParallelismBounds(min, max);
        return this;
    }

    /// <summary>Sets how many key groups the operator's keys are divided into. Cannot be changed later without losing the state.</summary>
    /// <param name="maxParallelism">1 to 32,768.</param>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> MaxParallelism(int maxParallelism)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxParallelism, 1);
        _node.MaxParallelism = maxParallelism;
        return this;
    }

    /// <summary>Runs the operator on threads of its own, because its function blocks: on a lock, on synchronous I/O.</summary>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> Blocking()
    {
        _node.IsBlocking = true;
        return this;
    }

    /// <summary>Names the group of operators whose subtasks may share a slot of a cluster: an operator of another group has slots of its own. Operators behind this one are in the same group, unless they say another.</summary>
    /// <param name="group">The name. Without one, an operator is in the group of all its inputs; where these differ, and for sources, that is <c>default</c>.</param>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> SlotSharingGroup(string group)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(group);
        _node.SlotSharingGroup = group;
        return this;
    }

    /// <summary>Begins a new task with this operator: it is not fused with the one before.</summary>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> StartNewChain()
    {
        _node.Chaining = ChainingStrategy.Head;
        return this;
    }

    /// <summary>Makes a task of this operator alone.</summary>
    /// <returns>This stream.</returns>
    public SingleOutputStream<T> DisableChaining()
    {
        _node.Chaining = ChainingStrategy.Never;
        return this;
    }

    /// <summary>Says what happens to a record that the operator's function, key selector or timestamp assigner throws on. Unless it is called, the job fails.</summary>
    /// <param name="policy">Fail, skip, or a side output for dead letters.</param>
    /// <returns>This stream.</returns>
    /// <remarks>
    /// What the function has emitted for the record, and what it has changed in its state, before it threw stays: an operator that must do all or nothing does what can fail first.
    /// </remarks>
    /// <example><code>lines.Map(Reading.Parse).OnError(ErrorPolicy.Skip)</code></example>
    public SingleOutputStream<T> OnError(ErrorPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _node.ErrorPolicy = policy;
        return this;
    }

    /// <summary>A side output of the operator.</summary>
    /// <typeparam name="TSide">The type of the side output.</typeparam>
    /// <param name="tag">The tag that the operator's function emits with.</param>
    /// <returns>The stream of what it emits.</returns>
    /// <example><code>var broken = valid.GetSideOutput(Broken);</code></example>
    public DataStream<TSide> GetSideOutput<TSide>(OutputTag<TSide> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return new DataStream<TSide>(Environment, [new DataStream<TSide>.Origin(_node, tag, new UnkeyedPartitioning<TSide>(PartitioningKind.Default))]);
    }
}
