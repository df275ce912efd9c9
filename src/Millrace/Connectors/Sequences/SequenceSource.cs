namespace Millrace.Connectors;

/// <summary>Emits the numbers of a range, both ends included, in order within a subtask; the range is divided evenly over the subtasks.</summary>
/// <remarks>Bounded; can be read again after a failure: exactly-once with checkpoints.</remarks>
/// <example>
/// <code>
/// var numbers = new SequenceSource(1, 1_000_000);
/// </code>
/// </example>
public sealed class SequenceSource : Source<long, RangeSplit, RangeEnumeratorState>
{
    private readonly long _from;
    private readonly long _count;

    /// <summary>Creates a source of the numbers <paramref name="from"/> to <paramref name="to"/>.</summary>
    /// <param name="from">The first number.</param>
    /// <param name="to">The last number; not less than <paramref name="from"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="to"/> is less than <paramref name="from"/>, or there are more than <see cref="long.MaxValue"/> numbers.
    /// </exception>
    public SequenceSource(long from, long to)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(to, from);
        var count = (Int128)to - from + 1;
        if (count > long.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(to), to, $"From {from} to {to} are more than {long.MaxValue} numbers. Take a shorter range.");
        }

        _from = from;
        _count = (long)count;
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => Boundedness.Bounded;

    /// <inheritdoc/>
    public override SplitEnumerator<RangeSplit, RangeEnumeratorState> CreateEnumerator(
        SplitEnumeratorContext<RangeSplit> context, RangeEnumeratorState? restored, bool isRestored) =>
        new RangeEnumerator(context, _count, restored, isRestored);

    /// <inheritdoc/>
    public override SourceReader<long, RangeSplit> CreateReader(SourceReaderContext context) => new Reader(context, _from);

    private sealed class Reader(SourceReaderContext context, long offset) : RangeReader<long>(context)
    {
        protected override void Emit(SourceOutput<long> output, long from, long end)
        {
            for (long position = from; position < end; position++)
            {
                output.Collect(offset + position);
            }
        }
    }
}
