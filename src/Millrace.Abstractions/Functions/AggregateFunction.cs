namespace Millrace;

/// <summary>
/// Folds records into an accumulator, and the accumulator into a result. The accumulator lives in keyed state and is changed in place:
/// a struct is never copied per record.
/// </summary>
/// <remarks>
/// <see cref="Add"/> and <see cref="Merge"/> must not depend on the order of the records, and <see cref="Merge"/> must leave its source as it was and
/// must not share mutable parts with it: a sliding window merges one slice into many windows. A function that is neither opened nor closed may also be called in subtasks of the
/// operator in front, with an instance of its own: see <see cref="ExecutionOptions.LocalAggregation"/>.
/// </remarks>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TAccumulator">The type of the accumulator; a struct is fastest.</typeparam>
/// <typeparam name="TOut">The type of the result.</typeparam>
/// <example>
/// <code>
/// struct Mean { public long Count; public double Sum; }
/// sealed class Average : AggregateFunction&lt;Trade, Mean, double&gt;
/// {
///     public override Mean CreateAccumulator() =&gt; default;
///     public override void Add(ref Mean mean, Trade trade) { mean.Count++; mean.Sum += trade.Price; }
///     public override void Merge(ref Mean mean, in Mean other) { mean.Count += other.Count; mean.Sum += other.Sum; }
///     public override double GetResult(in Mean mean) =&gt; mean.Sum / mean.Count;
/// }
/// </code>
/// </example>
public abstract class AggregateFunction<TIn, TAccumulator, TOut> : StreamFunction
{
    /// <summary>An empty accumulator.</summary>
    /// <returns>An accumulator that no record has been added to.</returns>
    public abstract TAccumulator CreateAccumulator();

    /// <summary>Adds a record.</summary>
    /// <param name="accumulator">The accumulator, to be changed in place.</param>
    /// <param name="value">The record.</param>
    public abstract void Add(ref TAccumulator accumulator, TIn value);

    /// <summary>Adds all that <paramref name="source"/> holds to <paramref name="target"/>.</summary>
    /// <param name="target">The accumulator to change in place.</param>
    /// <param name="source">The other accumulator, which must stay as it is.</param>
    public abstract void Merge(ref TAccumulator target, in TAccumulator source);

    /// <summary>The result of what has been added so far. May be called several times.</summary>
    /// <param name="accumulator">The accumulator, which must stay as it is.</param>
    /// <returns>The result.</returns>
    public abstract TOut GetResult(in TAccumulator accumulator);
}
