using System.Runtime.CompilerServices;
using Millrace.Runtime.Operators.Async;

namespace Millrace;

/// <content>Functions whose results take time to come.</content>
public partial class DataStream<T>
{
    /// <summary>
    /// Turns every record into exactly one result that takes time to come, with many records under way at once. They are part of every checkpoint: after a restart they begin anew, so that the
    /// function may be called more than once for a record, and every record has one result all the same.
    /// </summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="map">Gets the result of a record. Begun on the subtask's turn, so it must not block; see <see cref="AsyncFunction{TIn, TOut}"/>.</param>
    /// <param name="options">Order, capacity, timeout, retries; by default ordered, 100 at once, one minute, none.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results, each with the timestamp of its record.</returns>
    /// <example>
    /// <code>
    /// orders.MapAsync(
    ///     async (order, cancellationToken) =&gt; new Checked(order, await risk.ScoreAsync(order, cancellationToken)),
    ///     new() { Order = AsyncOrder.Unordered, Capacity = 200, Timeout = TimeSpan.FromSeconds(5), TimeoutResult = order =&gt; new Checked(order, Score.Unknown) })
    /// </code>
    /// </example>
    public SingleOutputStream<TOut> MapAsync<TOut>(
        Func<T, CancellationToken, ValueTask<TOut>> map, AsyncOptions<T, TOut>? options = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(map);
        return AddAsync(() => new AsyncOperator<T, TOut>(map, null, options ?? new AsyncOptions<T, TOut>()), file, line);
    }

    /// <summary>Turns every record into exactly one result that takes time to come, with a function that has a lifecycle.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="options">Order, capacity, timeout, retries; by default ordered, 100 at once, one minute, none.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results, each with the timestamp of its record.</returns>
    /// <example><code>orders.MapAsync(() =&gt; new AddCustomer(), new() { Retry = AsyncRetry&lt;RichOrder&gt;.FixedDelay(3, TimeSpan.FromMilliseconds(100)) })</code></example>
    public SingleOutputStream<TOut> MapAsync<TOut>(
        Func<AsyncFunction<T, TOut>> create, AsyncOptions<T, TOut>? options = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return AddAsync(
            () =>
            {
                var function = create();
                return new AsyncOperator<T, TOut>(function.InvokeAsync, function, options ?? new AsyncOptions<T, TOut>());
            },
            file,
            line);
    }

    private SingleOutputStream<TOut> AddAsync<TOut>(Func<AsyncOperator<T, TOut>> create, string file, int line)
    {
        var stream = Transform<TOut>("MapAsync", create, file, line);
        stream.Node.CheckSnapshots = check => check.WhyNotSerializable<T>() is { } problem
            ? [$"checkpoints are on, and the records that are under way ({typeof(T).Name}) cannot be serialized: {problem}"]
            : [];
        return stream;
    }
}
