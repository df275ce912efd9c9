namespace Millrace;

/// <summary>Sees the records of two streams that have the same key and are in the same window.</summary>
/// <typeparam name="T1">The type of the first stream's records.</typeparam>
/// <typeparam name="T2">The type of the second stream's records.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
public abstract class CoGroupFunction<T1, T2, TOut> : StreamFunction
{
    /// <summary>Emits the results of a key and window. One of the two sides may be empty, never both.</summary>
    /// <param name="first">The first stream's records; valid only during the call.</param>
    /// <param name="second">The second stream's records; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void CoGroup(IReadOnlyList<T1> first, IReadOnlyList<T2> second, Collector<TOut> output);
}
