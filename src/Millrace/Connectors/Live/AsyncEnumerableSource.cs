namespace Millrace.Connectors;

/// <summary>Reads an <see cref="IAsyncEnumerable{T}"/>: the answer of a web API page by page, a query, a feed. One subtask reads, and the order is kept.</summary>
/// <remarks>
/// The function is called at every start of the job, also after a failure. What that means for results depends on what it gives then:
/// <list type="bullet">
/// <item><description>
/// With <c>isRepeatable</c> each call gives the same records in the same order. A checkpoint holds how many were read, and a restored job passes over as many: exactly once. They are
/// fetched again to be passed over, so it takes the longer the further the job has come.
/// </description></item>
/// <item><description>
/// Without, the job takes whatever the new call gives. A feed that goes on from now has lost what came between (at most once); a sequence that begins again gives its records twice (at least
/// once).
/// </description></item>
/// </list>
/// The job waits for a record without holding a thread. What the function does up to its first <see langword="await"/> that has to wait runs on the engine's thread and should not block.
/// </remarks>
/// <example>
/// <code>
/// var orders = new AsyncEnumerableSource&lt;Order&gt;(cancellationToken =&gt; client.ReadAllOrdersAsync(cancellationToken), isRepeatable: true);
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class AsyncEnumerableSource<T> : Source<T, AsyncSequenceSplit, AsyncSequenceSplit[]>
{
    private readonly Func<CancellationToken, IAsyncEnumerable<T>> _create;
    private readonly bool _isRepeatable;

    /// <summary>Creates the source.</summary>
    /// <param name="create">Begins the sequence. The token is cancelled when the job ends or is restarted.</param>
    /// <param name="isRepeatable">Whether each call gives the same records in the same order, so that a restored job can pass over those that it has.</param>
    /// <param name="boundedness">Whether the sequence ends.</param>
    public AsyncEnumerableSource(
        Func<CancellationToken, IAsyncEnumerable<T>> create, bool isRepeatable = false, Boundedness boundedness = Boundedness.Bounded)
    {
        ArgumentNullException.ThrowIfNull(create);
        _create = create;
        _isRepeatable = isRepeatable;
        Boundedness = boundedness;
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness { get; }

    /// <inheritdoc/>
    public override int MaxParallelism => 1;

    /// <inheritdoc/>
    public override SplitEnumerator<AsyncSequenceSplit, AsyncSequenceSplit[]> CreateEnumerator(
        SplitEnumeratorContext<AsyncSequenceSplit> context, AsyncSequenceSplit[]? restored, bool isRestored) =>
        new SingleSplitEnumerator<AsyncSequenceSplit>(context, new AsyncSequenceSplit(0), restored, isRestored);

    /// <inheritdoc/>
    public override SourceReader<T, AsyncSequenceSplit> CreateReader(SourceReaderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new AsyncSequenceReader<T>(context, _create, _isRepeatable);
    }
}

/// <summary>The one split of an <see cref="AsyncEnumerableSource{T}"/>.</summary>
/// <param name="Read">How many records have been emitted.</param>
public sealed record AsyncSequenceSplit(long Read) : ISourceSplit
{
    /// <inheritdoc/>
    public string SplitId => "sequence";
}
