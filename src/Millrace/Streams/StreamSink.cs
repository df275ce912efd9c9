using Millrace.Runtime.Graph;

namespace Millrace;

/// <summary>The end of a stream; the sink can be named and tuned here.</summary>
public sealed class StreamSink
{
    private readonly StreamExecutionEnvironment _environment;
    private readonly StreamNode _node;

    internal StreamSink(StreamExecutionEnvironment environment, StreamNode node)
    {
        _environment = environment;
        _node = node;
    }

    /// <summary>Names the sink, for people.</summary>
    /// <param name="name">The name.</param>
    /// <returns>This sink.</returns>
    public StreamSink Name(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _node.Name = name;
        return this;
    }

    /// <summary>Gives the sink an identity that survives changes of the program.</summary>
    /// <param name="uid">Unique within the job.</param>
    /// <returns>This sink.</returns>
    public StreamSink Uid(string uid)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        _node.Uid = uid;
        return this;
    }

    /// <summary>Sets how many subtasks the sink has.</summary>
    /// <param name="parallelism">At least 1.</param>
    /// <returns>This sink.</returns>
    public StreamSink Parallelism(int parallelism)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parallelism, 1);
        _node.Parallelism = parallelism;
        return this;
    }

    /// <summary>Bounds how many subtasks the operator has, whatever the parallelism of the job: where that is less or more, the operator has the number within the bounds that is nearest.</summary>
    /// <param name="min">The fewest; at least 1. The job does not start with fewer.</param>
    /// <param name="max">The most, for example what a service that the operator asks can bear; at least <paramref name="min"/>.</param>
    /// <returns>This sink.</returns>
    /// <remarks>In a cluster they hold for a rescale, for the mode <c>Reactive</c> and for the autoscaler. Operators with other bounds are not fused into one task.</remarks>
    /// <example><code>results.SinkTo(sink).ParallelismBounds(1, 4)</code></example>
    public StreamSink ParallelismBounds(int min, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(min, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, min);
        _node.ParallelismBounds = new ParallelismBounds(min, max);
        return this;
    }

    /// <summary>Runs the sink on threads of its own, because it blocks.</summary>
    /// <returns>This sink.</returns>
    public StreamSink Blocking()
    {
        _node.IsBlocking = true;
        return this;
    }

    /// <summary>Names the slot-sharing group of the sink, as of other operators: <see cref="SingleOutputStream{T}.SlotSharingGroup"/>.</summary>
    /// <param name="group">The name. Without one, the sink is in the group of all its inputs.</param>
    /// <returns>This sink.</returns>
    public StreamSink SlotSharingGroup(string group)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(group);
        _node.SlotSharingGroup = group;
        return this;
    }

    /// <summary>
    /// Says what happens to a record that the sink cannot write and says so for: see <see cref="Connectors.RecordWriteException"/>, and the sink's own documentation. Unless it is called, the job fails.
    /// </summary>
    /// <param name="policy">Fail, skip, or a side output for dead letters.</param>
    /// <returns>This sink.</returns>
    public StreamSink OnError(ErrorPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _node.ErrorPolicy = policy;
        return this;
    }

    /// <summary>A side output of the sink: its dead letters.</summary>
    /// <typeparam name="TSide">The type of the side output.</typeparam>
    /// <param name="tag">The tag that was given to <see cref="OnError"/>.</param>
    /// <returns>The stream of what the sink could not write.</returns>
    /// <example><code>sink.OnError(ErrorPolicy.ToSideOutput(Broken)).GetSideOutput(Broken).SinkTo(letters);</code></example>
    public DataStream<TSide> GetSideOutput<TSide>(OutputTag<TSide> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return new DataStream<TSide>(_environment, [new DataStream<TSide>.Origin(_node, tag, new UnkeyedPartitioning<TSide>(PartitioningKind.Default))]);
    }

    /// <summary>Makes a task of the sink alone.</summary>
    /// <returns>This sink.</returns>
    public StreamSink DisableChaining()
    {
        _node.Chaining = ChainingStrategy.Never;
        return this;
    }
}
