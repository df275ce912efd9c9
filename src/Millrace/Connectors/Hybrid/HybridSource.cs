namespace Millrace.Connectors;

/// <summary>Reads one source to its end and then another: the history from files, and then what goes on.</summary>
/// <remarks>
/// <para>
/// The second source is not begun before every subtask has read the first to its end, so that no record of the second comes before one of the first. The moment of the switch is part of checkpoints. Each of the
/// two promises what it promises alone; whether they fit together without a gap or an overlap is a matter of where the second one begins.
/// </para>
/// <para>The splits of both must be serializable by the engine: sources with a serializer of their own for splits are refused.</para>
/// </remarks>
/// <example>
/// <code>
/// var history = new FileSource&lt;Order&gt;("archive/*.jsonl.gz", JsonFormat.Lines&lt;Order&gt;());
/// var live = new FileSource&lt;Order&gt;("incoming", JsonFormat.Lines&lt;Order&gt;(), new FileSourceOptions { MonitorInterval = TimeSpan.FromSeconds(10) });
/// var orders = HybridSource.Of(history, live);
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TFirst">The type of the first source's splits.</typeparam>
/// <typeparam name="TFirstState">What the first source's enumerator remembers.</typeparam>
/// <typeparam name="TSecond">The type of the second source's splits.</typeparam>
/// <typeparam name="TSecondState">What the second source's enumerator remembers.</typeparam>
public sealed class HybridSource<T, TFirst, TFirstState, TSecond, TSecondState> : Source<T, HybridSplit<TFirst, TSecond>, HybridEnumeratorState<TFirstState, TSecondState>>
    where TFirst : ISourceSplit
    where TSecond : ISourceSplit
{
    private readonly Source<T, TFirst, TFirstState> _first;
    private readonly Source<T, TSecond, TSecondState> _second;

    /// <summary>Creates the source; <see cref="HybridSource.Of"/> spares the types.</summary>
    /// <param name="first">Is read first; bounded.</param>
    /// <param name="second">Is read then.</param>
    /// <exception cref="ArgumentException"><paramref name="first"/> is unbounded, or one of the two has a serializer of its own for splits.</exception>
    public HybridSource(Source<T, TFirst, TFirstState> first, Source<T, TSecond, TSecondState> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Boundedness == Boundedness.Unbounded)
        {
            throw new ArgumentException($"The first source ({first.GetType().Name}) is unbounded: the second one would never be read. Take a bounded one first.", nameof(first));
        }

        if (first.SplitSerializer is not null || second.SplitSerializer is not null)
        {
            throw new ArgumentException("A source with a serializer of its own for splits cannot be part of a hybrid source: the engine's serializer writes the splits of both.");
        }

        _first = first;
        _second = second;
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => _second.Boundedness;

    /// <summary>The lesser of the two: a source that one subtask is to read is read by one here too.</summary>
    public override int MaxParallelism => Math.Min(_first.MaxParallelism, _second.MaxParallelism);

    /// <summary>Checks both sources.</summary>
    /// <exception cref="ConnectorException">One of them cannot work; the message says why.</exception>
    public override void Validate()
    {
        _first.Validate();
        _second.Validate();
    }

    /// <inheritdoc/>
    public override SplitEnumerator<HybridSplit<TFirst, TSecond>, HybridEnumeratorState<TFirstState, TSecondState>> CreateEnumerator(
        SplitEnumeratorContext<HybridSplit<TFirst, TSecond>> context, HybridEnumeratorState<TFirstState, TSecondState>? restored, bool isRestored)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new HybridEnumerator<T, TFirst, TFirstState, TSecond, TSecondState>(context, _first, _second, isRestored ? restored : null);
    }

    /// <inheritdoc/>
    public override SourceReader<T, HybridSplit<TFirst, TSecond>> CreateReader(SourceReaderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new HybridReader<T, TFirst, TFirstState, TSecond, TSecondState>(context, _first, _second);
    }
}

/// <summary>Creates hybrid sources.</summary>
public static class HybridSource
{
    /// <summary>A source that reads one source to its end and then another. For three, put one of these into another.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TFirst">The type of the first source's splits.</typeparam>
    /// <typeparam name="TFirstState">What the first source's enumerator remembers.</typeparam>
    /// <typeparam name="TSecond">The type of the second source's splits.</typeparam>
    /// <typeparam name="TSecondState">What the second source's enumerator remembers.</typeparam>
    /// <param name="first">Is read first; bounded.</param>
    /// <param name="second">Is read then.</param>
    /// <returns>The source.</returns>
    /// <exception cref="ArgumentException"><paramref name="first"/> is unbounded, or one of the two has a serializer of its own for splits.</exception>
    public static HybridSource<T, TFirst, TFirstState, TSecond, TSecondState> Of<T, TFirst, TFirstState, TSecond, TSecondState>(
        Source<T, TFirst, TFirstState> first, Source<T, TSecond, TSecondState> second)
        where TFirst : ISourceSplit
        where TSecond : ISourceSplit => new(first, second);
}
