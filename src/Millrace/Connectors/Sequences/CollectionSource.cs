namespace Millrace.Connectors;

/// <summary>
/// Emits the elements of a collection that is held in memory: for tests, samples and small reference data.
/// </summary>
/// <remarks>
/// By default one subtask reads, so that the elements come in their order. With a higher <c>maxParallelism</c> every subtask reads one run of
/// neighbouring elements, always the same one for the same parallelism; order is then kept within a run only. The source is bounded and can be
/// read again after a failure: exactly-once with checkpoints.
/// </remarks>
/// <example>
/// <code>
/// var source = new CollectionSource&lt;string&gt;(["to", "be", "or", "not"]);
/// var spread = new CollectionSource&lt;Order&gt;(orders, maxParallelism: 8);
/// </code>
/// </example>
/// <typeparam name="T">The type of the elements.</typeparam>
public sealed class CollectionSource<T> : Source<T, RangeSplit, RangeEnumeratorState>
{
    private readonly ReadOnlyMemory<T> _elements;

    /// <summary>Creates a source over a collection.</summary>
    /// <param name="elements">The elements, which are enumerated now, once. An array is used as it is and must not change while the job runs.</param>
    /// <param name="maxParallelism">How many subtasks may read, at least 1. With 1, the default, the order of the elements is kept.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxParallelism"/> is less than 1.</exception>
    public CollectionSource(IEnumerable<T> elements, int maxParallelism = 1)
    {
        ArgumentNullException.ThrowIfNull(elements);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxParallelism, 1);
        // A string[] is an object[] to the type system, but not to Memory<object>: hence the exact type.
        _elements = elements.GetType() == typeof(T[]) ? (T[])elements : elements.ToArray();
        MaxParallelism = maxParallelism;
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => Boundedness.Bounded;

    /// <inheritdoc/>
    public override int MaxParallelism { get; }

    /// <inheritdoc/>
    public override SplitEnumerator<RangeSplit, RangeEnumeratorState> CreateEnumerator(
        SplitEnumeratorContext<RangeSplit> context, RangeEnumeratorState? restored, bool isRestored) =>
        new RangeEnumerator(context, _elements.Length, restored, isRestored);

    /// <inheritdoc/>
    public override SourceReader<T, RangeSplit> CreateReader(SourceReaderContext context) => new Reader(context, _elements);

    private sealed class Reader(SourceReaderContext context, ReadOnlyMemory<T> elements) : RangeReader<T>(context)
    {
        protected override void Emit(SourceOutput<T> output, long from, long end)
        {
            foreach (ref readonly var element in elements.Span[(int)from..(int)end])
            {
                output.Collect(element);
            }
        }
    }
}
