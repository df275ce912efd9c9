using System.Runtime.CompilerServices;
using Millrace.Windowing;

namespace Millrace;

/// <summary>A stream that is grouped into windows of any kind: what <see cref="WindowAggregations"/> are made of.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public interface IWindowedStream<T, TKey, TWindow>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Combines the records of a window; only the combined value is kept.</summary>
    /// <param name="reduce">Combines two values into a new one and changes neither; associative, and for sliding and merging windows commutative.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A value for each firing.</returns>
    SingleOutputStream<T> Reduce(Func<T, T, T> reduce, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0);

    /// <summary>Folds the records of a window into an accumulator, and then sees the one result together with key and window.</summary>
    /// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
    /// <typeparam name="TResult">The type of the aggregate's result.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="createAggregate">Makes the aggregate function of a subtask.</param>
    /// <param name="createProcess">Makes the window function of a subtask; it gets exactly one element.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    SingleOutputStream<TOut> Aggregate<TAccumulator, TResult, TOut>(
        Func<AggregateFunction<T, TAccumulator, TResult>> createAggregate,
        Func<ProcessWindowFunction<TResult, TOut, TKey, TWindow>> createProcess,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0);
}
