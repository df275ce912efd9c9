namespace Millrace;

/// <summary>Turns every record into exactly one.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Enrich : MapFunction&lt;Order, PricedOrder&gt;
/// {
///     private Dictionary&lt;string, decimal&gt; _prices = [];
///     public override void Open(RuntimeContext context) =&gt; _prices = Prices.Load();
///     public override PricedOrder Map(Order order) =&gt; new(order, _prices[order.Item]);
/// }
/// orders.Map(() =&gt; new Enrich());
/// </code>
/// </example>
public abstract class MapFunction<TIn, TOut> : StreamFunction
{
    /// <summary>Turns one record into its result.</summary>
    /// <param name="value">The record.</param>
    /// <returns>The result.</returns>
    public abstract TOut Map(TIn value);
}

/// <summary>Turns every record into any number of results.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
public abstract class FlatMapFunction<TIn, TOut> : StreamFunction
{
    /// <summary>Emits the results of one record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void FlatMap(TIn value, Collector<TOut> output);
}

/// <summary>Keeps some records and drops the others.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class FilterFunction<T> : StreamFunction
{
    /// <summary>Whether a record stays in the stream.</summary>
    /// <param name="value">The record.</param>
    /// <returns><see langword="true"/> to keep it.</returns>
    public abstract bool Filter(T value);
}

/// <summary>Combines two values of a key into one of the same type.</summary>
/// <remarks>
/// Must be associative, and must return a new value rather than change an argument. In sliding windows records meet grouped by slice of
/// time, so there it must be commutative too.
/// </remarks>
/// <typeparam name="T">The type of the values.</typeparam>
public abstract class ReduceFunction<T> : StreamFunction
{
    /// <summary>Combines what is there with what comes.</summary>
    /// <param name="current">The value so far.</param>
    /// <param name="next">The next value.</param>
    /// <returns>The new value.</returns>
    public abstract T Reduce(T current, T next);
}
