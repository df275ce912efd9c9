namespace Millrace.Connectors;

/// <summary>Makes records with a function of their position: for load tests, benchmarks and samples. As fast as it can, or at an even pace.</summary>
/// <remarks>
/// The positions 0 to count − 1 are divided evenly over the subtasks. The function is called again for the same position after a failure; if it
/// depends on nothing but the position the source is exactly-once with checkpoints. It is called by several subtasks at once.
/// </remarks>
/// <example>
/// <code>
/// var clicks = new GeneratorSource&lt;Click&gt;(i =&gt; new Click(UserId: i % 1000, Page: i % 17), count: 10_000_000);
/// var endless = new GeneratorSource&lt;long&gt;(i =&gt; i, recordsPerSecond: 500);
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class GeneratorSource<T> : Source<T, RangeSplit, RangeEnumeratorState>
{
    private readonly Func<long, T> _function;
    private readonly long _count;
    private readonly double? _recordsPerSecond;

    /// <summary>Creates a generator.</summary>
    /// <param name="function">Makes the record of a position.</param>
    /// <param name="count">How many records, at least 0. <see cref="long.MaxValue"/>, the default, makes the source unbounded.</param>
    /// <param name="recordsPerSecond">
    /// The pace of all subtasks together, greater than 0; <see langword="null"/>, the default, for no limit. A source that was held up catches up
    /// on at most one second. By how many records it is behind is its backlog.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public GeneratorSource(Func<long, T> function, long count = long.MaxValue, double? recordsPerSecond = null)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (recordsPerSecond is double rate && !(rate > 0 && double.IsFinite(rate)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(recordsPerSecond), rate, "A pace must be a finite number greater than 0; leave it out for no limit.");
        }

        _function = function;
        _count = count;
        _recordsPerSecond = recordsPerSecond;
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => _count == long.MaxValue ? Boundedness.Unbounded : Boundedness.Bounded;

    /// <inheritdoc/>
    public override SplitEnumerator<RangeSplit, RangeEnumeratorState> CreateEnumerator(
        SplitEnumeratorContext<RangeSplit> context, RangeEnumeratorState? restored, bool isRestored) =>
        new RangeEnumerator(context, _count, restored, isRestored, isPaced: _recordsPerSecond is not null || Boundedness == Boundedness.Unbounded);

    /// <inheritdoc/>
    public override SourceReader<T, RangeSplit> CreateReader(SourceReaderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new Reader(context, _function, _recordsPerSecond is double rate ? new Pace(context.TimeProvider, rate / context.Parallelism) : null, Boundedness);
    }

    private sealed class Reader(SourceReaderContext context, Func<long, T> function, Pace? pace, Boundedness boundedness) : RangeReader<T>(context)
    {
        // Without an end and without a pace there is always more, and never a backlog that could be caught up with.
        protected override long? DueOf(long left) => pace is not null ? Math.Min(left, pace.Behind) : boundedness == Boundedness.Unbounded ? null : left;

        protected override void Emit(SourceOutput<T> output, long from, long end)
        {
            // A local: the compiler need not assume that Collect changes the field.
            var make = function;
            for (long position = from; position < end; position++)
            {
                output.Collect(make(position));
            }
        }

        protected override long Grant(long wanted)
        {
            if (pace is null)
            {
                return wanted;
            }

            long granted = pace.Take(wanted, out var untilNext);
            if (granted < wanted)
            {
                Context.WakeAfter(untilNext);
            }

            return granted;
        }
    }
}
