namespace Millrace;

/// <content>Joins in windows.</content>
public partial class DataStream<T>
{
    /// <summary>Joins this stream with another: all pairs of records that have the same key and are in the same window. A record without a partner gives nothing.</summary>
    /// <typeparam name="T2">The type of the other stream's records.</typeparam>
    /// <param name="other">The other stream.</param>
    /// <returns>The streams, to be given keys and windows.</returns>
    /// <example><code>orders.Join(payments).Where(o =&gt; o.Id).EqualTo(p =&gt; p.OrderId).Window(windows).Apply((order, payment) =&gt; new Paid(order, payment))</code></example>
    public JoinedStreams<T, T2> Join<T2>(DataStream<T2> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new JoinedStreams<T, T2>(this, other);
    }

    /// <summary>Groups the records of this stream and of another together, by key and window. Unlike in a join, one side may be empty.</summary>
    /// <typeparam name="T2">The type of the other stream's records.</typeparam>
    /// <param name="other">The other stream.</param>
    /// <returns>The streams, to be given keys and windows.</returns>
    public CoGroupedStreams<T, T2> CoGroup<T2>(DataStream<T2> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new CoGroupedStreams<T, T2>(this, other);
    }
}
