using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators.Running;

namespace Millrace;

/// <content>Running aggregates, and joins of the latest records.</content>
public sealed partial class KeyedStream<T, TKey>
{
    /// <summary>
    /// Folds all records of a key into an accumulator; every record gives the new result. With <see cref="ExecutionOptions.ConsistentOutput"/> every closed timestamp gives it, for the keys that had
    /// records of it. An accumulator is kept for each key, for ever.
    /// </summary>
    /// <typeparam name="TAccumulator">The type of the accumulator; serializable.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>trades.KeyBy(trade =&gt; trade.Symbol).Aggregate(() =&gt; new Average())</code></example>
    public SingleOutputStream<TOut> Aggregate<TAccumulator, TOut>(
        Func<AggregateFunction<T, TAccumulator, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Aggregate<TAccumulator, TOut, TOut>(create, static (_, result) => result, file, line);

    /// <summary>Folds all records of a key into an accumulator, and sees the result together with the key. Results come as from the other overload.</summary>
    /// <typeparam name="TAccumulator">The type of the accumulator; serializable.</typeparam>
    /// <typeparam name="TResult">The type of the function's result.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="select">Gives what is emitted of a key and its new result.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>trades.KeyBy(trade =&gt; trade.Symbol).Aggregate(() =&gt; new Average(), (symbol, price) =&gt; new Quote(symbol, price))</code></example>
    public SingleOutputStream<TOut> Aggregate<TAccumulator, TResult, TOut>(
        Func<AggregateFunction<T, TAccumulator, TResult>> create, Func<TKey, TResult, TOut> select, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(select);
        return Transform(
            "Aggregate",
            () => new AggregateOperator<TKey, T, TAccumulator, TResult, TOut>(_selectKey, create(), select),
            file,
            line,
            CheckAccumulator,
            () => new ConsistentAggregateOperator<TKey, T, TAccumulator, TResult, TOut>(_selectKey, create(), select));

        static IEnumerable<string> CheckAccumulator(ISerializerCheck check)
        {
            if (check.WhyNotSerializable<TAccumulator>() is { } problem)
            {
                yield return $"the accumulator cannot be serialized: {problem}";
            }
        }
    }

    /// <summary>
    /// Puts to every record the one that its key had before. So an aggregate over the latest records of all keys takes back what does not count any more. With
    /// <see cref="ExecutionOptions.ConsistentOutput"/> every closed timestamp gives one change, for the keys that had records of it. The latest record is kept for each key, for ever.
    /// </summary>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of changes, with the timestamps of the records.</returns>
    /// <example><code>balances.KeyBy(balance =&gt; balance.Account).Changes().KeyBy(_ =&gt; "all").Aggregate(() =&gt; new Total())</code></example>
    public SingleOutputStream<Change<T>> Changes([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Transform("Changes", () => new ChangesOperator<TKey, T>(_selectKey), file, line, createConsistent: () => new ConsistentChangesOperator<TKey, T>(_selectKey));

    /// <summary>
    /// Joins the latest record of each key with the latest one of another stream: streams of updates, like the results of running aggregates. Every record of either side gives a result; with
    /// <see cref="ExecutionOptions.ConsistentOutput"/> every closed timestamp does, for the keys that had records of it. The latest records are kept for each key, for ever.
    /// </summary>
    /// <typeparam name="TOther">The type of the right stream.</typeparam>
    /// <param name="other">The right stream.</param>
    /// <returns>The join, to be followed by <c>Process</c>.</returns>
    /// <exception cref="ArgumentException">The streams belong to different environments.</exception>
    /// <example><code>stock.KeyBy(s =&gt; s.Item).LatestJoin(prices.KeyBy(p =&gt; p.Item)).Process((stock, price) =&gt; new Worth(stock.Item, stock.Count * price.Amount))</code></example>
    public LatestJoin<TKey, T, TOther> LatestJoin<TOther>(KeyedStream<TOther, TKey> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _stream.RequireSameEnvironment(other._stream.Environment, nameof(other));
        return new LatestJoin<TKey, T, TOther>(this, other, null, null);
    }
}
