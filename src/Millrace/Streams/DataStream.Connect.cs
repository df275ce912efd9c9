using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.State;

namespace Millrace;

/// <content>Two streams of different types in one operator.</content>
public partial class DataStream<T>
{
    /// <summary>Brings this stream and another one, of the same type or of another, into one operator, which sees the records of both and can let the one act on the other.</summary>
    /// <typeparam name="TOther">The type of the other stream.</typeparam>
    /// <param name="other">The other stream. A stream may be connected with itself.</param>
    /// <returns>The two streams, to be followed by an operator or to be keyed.</returns>
    /// <exception cref="ArgumentException">The streams belong to different environments.</exception>
    /// <example><code>orders.Connect(payments).Map(order =&gt; order.Id, payment =&gt; payment.OrderId)</code></example>
    public ConnectedStreams<T, TOther> Connect<TOther>(DataStream<TOther> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        RequireSameEnvironment(other.Environment, nameof(other));
        return new ConnectedStreams<T, TOther>(this, other);
    }

    /// <summary>Brings this stream and a broadcast stream into one operator, in which every subtask sees a part of the one and all of the other.</summary>
    /// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
    /// <param name="broadcast">The broadcast stream.</param>
    /// <returns>The two streams, to be followed by <c>Process</c>.</returns>
    /// <exception cref="ArgumentException">The streams belong to different environments.</exception>
    /// <example><code>prices.Connect(rates.Broadcast(Convert.Rates)).Process(() =&gt; new Convert())</code></example>
    public BroadcastConnectedStream<T, TBroadcast> Connect<TBroadcast>(BroadcastStream<TBroadcast> broadcast)
    {
        ArgumentNullException.ThrowIfNull(broadcast);
        RequireSameEnvironment(broadcast.Stream.Environment, nameof(broadcast));
        return new BroadcastConnectedStream<T, TBroadcast>(this, broadcast);
    }

    /// <summary>
    /// Sends every record to all of the next operator's subtasks, to be kept there in a broadcast state, a map of which each has a copy. To be connected with the stream that reads it.
    /// </summary>
    /// <typeparam name="TMapKey">The type of the state's keys.</typeparam>
    /// <typeparam name="TValue">The type of the state's values.</typeparam>
    /// <param name="state">Names and types the state; more with <see cref="BroadcastStream{T}.WithState"/>.</param>
    /// <returns>The broadcast stream.</returns>
    /// <example><code>prices.Connect(rates.Broadcast(Convert.Rates)).Process(() =&gt; new Convert())</code></example>
    public BroadcastStream<T> Broadcast<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> state)
        where TMapKey : notnull
    {
        ArgumentNullException.ThrowIfNull(state);
        return new BroadcastStream<T>(this, [new BroadcastStateDeclaration<TMapKey, TValue>(state)]);
    }

    internal void RequireSameEnvironment(StreamExecutionEnvironment other, string name)
    {
        if (other != Environment)
        {
            throw new ArgumentException("The streams belong to different environments; a job is declared in one.", name);
        }
    }

    /// <summary>Makes the stream one of two inputs of an operator.</summary>
    internal void ConnectTo(StreamNode node, int input, Partitioning<T>? partitioning)
    {
        foreach (var origin in _origins)
        {
            node.Inputs.Add(new StreamEdge<T>(origin.Node, origin.SideOutput, node, input, partitioning ?? origin.Partitioning));
        }
    }
}
