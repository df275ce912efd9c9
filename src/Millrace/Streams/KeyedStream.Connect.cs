namespace Millrace;

/// <content>Two keyed streams in one operator.</content>
public sealed partial class KeyedStream<T, TKey>
{
    internal DataStream<T> Stream => _stream;

    /// <summary>Brings this stream and another one of the same key type into one operator, which has keyed state and timers that both share.</summary>
    /// <typeparam name="TOther">The type of the other stream.</typeparam>
    /// <param name="other">The other stream. Equal keys of both meet in the same subtask.</param>
    /// <returns>The two streams, to be followed by an operator.</returns>
    /// <exception cref="ArgumentException">The streams belong to different environments.</exception>
    /// <example><code>orders.KeyBy(o =&gt; o.Id).Connect(payments.KeyBy(p =&gt; p.OrderId)).Process(() =&gt; new MatchPayment())</code></example>
    public KeyedConnectedStreams<TKey, T, TOther> Connect<TOther>(KeyedStream<TOther, TKey> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _stream.RequireSameEnvironment(other._stream.Environment, nameof(other));
        return new KeyedConnectedStreams<TKey, T, TOther>(this, other);
    }

    /// <summary>Pairs records of equal keys whose timestamps are within an interval of each other. Event time only.</summary>
    /// <typeparam name="TOther">The type of the right stream.</typeparam>
    /// <param name="other">The right stream.</param>
    /// <returns>The join, to be given its bounds.</returns>
    /// <exception cref="ArgumentException">The streams belong to different environments.</exception>
    /// <example><code>questions.KeyBy(q =&gt; q.Id).IntervalJoin(answers.KeyBy(a =&gt; a.QuestionId)).Between(TimeSpan.Zero, TimeSpan.FromHours(1)).Process((q, a) =&gt; new Answered(q, a))</code></example>
    public IntervalJoin<TKey, T, TOther> IntervalJoin<TOther>(KeyedStream<TOther, TKey> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _stream.RequireSameEnvironment(other._stream.Environment, nameof(other));
        return new IntervalJoin<TKey, T, TOther>(this, other);
    }

    /// <summary>Brings this stream and a broadcast stream into one operator: keyed state and timers for the one, a state that is the same in every subtask for the other.</summary>
    /// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
    /// <param name="broadcast">The broadcast stream.</param>
    /// <returns>The two streams, to be followed by <c>Process</c>.</returns>
    /// <exception cref="ArgumentException">The streams belong to different environments.</exception>
    /// <example><code>readings.KeyBy(r =&gt; r.Sensor).Connect(limits.Broadcast(Alert.Limits)).Process(() =&gt; new Alert())</code></example>
    public KeyedBroadcastConnectedStream<TKey, T, TBroadcast> Connect<TBroadcast>(BroadcastStream<TBroadcast> broadcast)
    {
        ArgumentNullException.ThrowIfNull(broadcast);
        _stream.RequireSameEnvironment(broadcast.Stream.Environment, nameof(broadcast));
        return new KeyedBroadcastConnectedStream<TKey, T, TBroadcast>(this, broadcast);
    }
}
