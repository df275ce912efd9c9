namespace Millrace.Metrics;

/// <summary>
/// Makes the metrics of a function, which the meter <c>Millrace</c> publishes as <c>millrace.user.</c> and their names, with the tags of the operator's own metrics
/// (job, operator, subtask) and the labels of the group. They live as long as the subtask in its present attempt, and begin at 0 in the next: metrics are not state.
/// </summary>
/// <remarks>
/// Ask for metrics in <c>Open</c> and keep them in fields: asking is slow, using them is not. A name is taken within the operator and subtask: a second metric of the same name and labels works,
/// but is not published, and the log has a warning (event 2011), as in Apache Flink. Names and labels should be few, and never made of keys or other data: each is a time series for every subtask.
/// </remarks>
/// <example>
/// <code>
/// public override void Open(RuntimeContext context)
/// {
///     var orders = context.Metrics.Group("orders");
///     _rejected = orders.Counter("rejected");          // millrace.user.orders.rejected
///     orders.Gauge("open", () =&gt; Volatile.Read(ref _open));
/// }
/// </code>
/// </example>
public abstract class MetricGroup
{
    private protected MetricGroup()
    {
    }

    /// <summary>Something that is counted.</summary>
    /// <param name="name">Its name: letters, digits, and <c>_ . - /</c>.</param>
    /// <returns>The counter, at 0.</returns>
    /// <exception cref="ArgumentException">The name is empty, has other characters, or is longer than 200 characters with its groups.</exception>
    public abstract Counter Counter(string name);

    /// <summary>Something that there is more or less of, and that the function sets.</summary>
    /// <param name="name">Its name: letters, digits, and <c>_ . - /</c>.</param>
    /// <returns>The gauge, without a value yet.</returns>
    /// <exception cref="ArgumentException">The name is empty, has other characters, or is longer than 200 characters with its groups.</exception>
    public abstract Gauge Gauge(string name);

    /// <summary>Something that there is more or less of, and that is asked for when somebody listens.</summary>
    /// <param name="name">Its name: letters, digits, and <c>_ . - /</c>.</param>
    /// <param name="read">
    /// How much there is now; <see cref="double.NaN"/> for no measurement. Called by threads of the listeners while the function works: it must be quick, and must not touch state or anything else
    /// that belongs to the subtask alone. Where it throws there is no measurement, and the log says so once (event 2012). Called for the last time before the function is closed.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty, has other characters, or is longer than 200 characters with its groups.</exception>
    public abstract void Gauge(string name, Func<double> read);

    /// <summary>Values of which the distribution is wanted, such as sizes or times.</summary>
    /// <param name="name">Its name: letters, digits, and <c>_ . - /</c>.</param>
    /// <returns>The histogram, empty.</returns>
    /// <exception cref="ArgumentException">The name is empty, has other characters, or is longer than 200 characters with its groups.</exception>
    public abstract Histogram Histogram(string name);

    /// <summary>Something whose rate per second is wanted.</summary>
    /// <param name="name">Its name: letters, digits, and <c>_ . - /</c>.</param>
    /// <returns>The meter, at 0.</returns>
    /// <exception cref="ArgumentException">The name is empty, has other characters, or is longer than 200 characters with its groups.</exception>
    public abstract Meter Meter(string name);

    /// <summary>A group within this one, whose name stands before the names of its metrics, with a dot between.</summary>
    /// <param name="name">The group's name: letters, digits, and <c>_ . - /</c>.</param>
    /// <returns>The group.</returns>
    /// <exception cref="ArgumentException">The name is empty, has other characters, or is longer than 200 characters with its groups.</exception>
    public abstract MetricGroup Group(string name);

    /// <summary>A group within this one, whose key stands before the names of its metrics, and whose value is a tag: the same metrics of several things can then be added up.</summary>
    /// <param name="key">The tag's name: letters, digits, and <c>_ . - /</c>.</param>
    /// <param name="value">The tag's value.</param>
    /// <returns>The group.</returns>
    /// <exception cref="ArgumentException">The key is not a name, or is a tag that the engine or an outer group sets.</exception>
    /// <example><code>context.Metrics.Group("exchange", "XETRA").Counter("trades"); // millrace.user.exchange.trades with the tag exchange="XETRA"</code></example>
    public abstract MetricGroup Group(string key, string value);
}
