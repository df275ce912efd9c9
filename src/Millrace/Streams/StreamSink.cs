using Millrace.Runtime.Graph;

namespace Millrace;

/// <summary>The end of a stream; the sink can be named and tuned here.</summary>
public sealed class StreamSink
{
    private readonly StreamNode _node;

    internal StreamSink(StreamNode node)
    {
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

    /// <summary>Runs the sink on threads of its own, because it blocks.</summary>
    /// <returns>This sink.</returns>
    public StreamSink Blocking()
    {
        _node.IsBlocking = true;
        return this;
    }

    /// <summary>Makes a task of the sink alone.</summary>
    /// <returns>This sink.</returns>
    public StreamSink DisableChaining()
    {
        _node.Chaining = ChainingStrategy.Never;
        return this;
    }
}
