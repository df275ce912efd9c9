using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;

namespace Millrace;

/// <summary>An interval join that has not been given its bounds yet. Comes from <see cref="KeyedStream{T, TKey}.IntervalJoin"/>.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TLeft">The type of the left stream.</typeparam>
/// <typeparam name="TRight">The type of the right stream.</typeparam>
public sealed class IntervalJoin<TKey, TLeft, TRight>
    where TKey : notnull
{
    private readonly KeyedStream<TLeft, TKey> _left;
    private readonly KeyedStream<TRight, TKey> _right;

    internal IntervalJoin(KeyedStream<TLeft, TKey> left, KeyedStream<TRight, TKey> right)
    {
        _left = left;
        _right = right;
    }

    /// <summary>Says which records make a pair: left timestamp + lower ≤ right timestamp ≤ left timestamp + upper.</summary>
    /// <param name="lower">The least distance of the right record from the left one, in whole milliseconds; negative where it may come before.</param>
    /// <param name="upper">The greatest distance, in whole milliseconds; at least <paramref name="lower"/>.</param>
    /// <returns>The join, to be tuned and followed by <c>Process</c>.</returns>
    /// <exception cref="ArgumentException">A bound is not a whole number of milliseconds, or the lower one is greater than the upper one.</exception>
    /// <example><code>join.Between(TimeSpan.FromMinutes(-5), TimeSpan.FromMinutes(5))</code></example>
    public BoundedIntervalJoin<TKey, TLeft, TRight> Between(TimeSpan lower, TimeSpan upper)
    {
        var bounds = new JoinBounds(EventTime.Milliseconds(lower, nameof(lower)), EventTime.Milliseconds(upper, nameof(upper)));
        return bounds.Lower <= bounds.Upper
            ? new BoundedIntervalJoin<TKey, TLeft, TRight>(_left, _right, bounds)
            : throw new ArgumentException($"The lower bound {lower} is greater than the upper bound {upper}: no record could have a partner. Exchange them.", nameof(lower));
    }
}

/// <summary>An interval join with its bounds. Every method that tunes it gives a new one and leaves this one as it is.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TLeft">The type of the left stream.</typeparam>
/// <typeparam name="TRight">The type of the right stream.</typeparam>
public sealed class BoundedIntervalJoin<TKey, TLeft, TRight>
    where TKey : notnull
{
    private readonly KeyedStream<TLeft, TKey> _left;
    private readonly KeyedStream<TRight, TKey> _right;
    private readonly JoinBounds _bounds;
    private bool _isLowerExclusive;
    private bool _isUpperExclusive;
    private OutputTag<TLeft>? _lateLeft;
    private OutputTag<TRight>? _lateRight;

    internal BoundedIntervalJoin(KeyedStream<TLeft, TKey> left, KeyedStream<TRight, TKey> right, JoinBounds bounds)
    {
        _left = left;
        _right = right;
        _bounds = bounds;
    }

    /// <summary>A right record exactly at the lower bound is no partner. Without this it is one.</summary>
    /// <returns>The join with this bound.</returns>
    public BoundedIntervalJoin<TKey, TLeft, TRight> LowerBoundExclusive()
    {
        var join = Copy();
        join._isLowerExclusive = true;
        return join;
    }

    /// <summary>A right record exactly at the upper bound is no partner. Without this it is one.</summary>
    /// <returns>The join with this bound.</returns>
    public BoundedIntervalJoin<TKey, TLeft, TRight> UpperBoundExclusive()
    {
        var join = Copy();
        join._isUpperExclusive = true;
        return join;
    }

    /// <summary>Left records that come too late, at or before the watermark, go into a side output. Without this they are dropped, and counted.</summary>
    /// <param name="tag">The side output.</param>
    /// <returns>The join with this side output.</returns>
    public BoundedIntervalJoin<TKey, TLeft, TRight> SideOutputLeftLateData(OutputTag<TLeft> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        var join = Copy();
        join._lateLeft = tag;
        return join;
    }

    /// <summary>Right records that come too late, at or before the watermark, go into a side output. Without this they are dropped, and counted.</summary>
    /// <param name="tag">The side output.</param>
    /// <returns>The join with this side output.</returns>
    public BoundedIntervalJoin<TKey, TLeft, TRight> SideOutputRightLateData(OutputTag<TRight> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        var join = Copy();
        join._lateRight = tag;
        return join;
    }

    /// <summary>Turns every pair into exactly one result, whose timestamp is the greater of the two.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="join">Gives the result of a left and a right record.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>join.Between(TimeSpan.Zero, TimeSpan.FromHours(1)).Process((question, answer) =&gt; $"{question.Id}: {answer.Text}")</code></example>
    public SingleOutputStream<TOut> Process<TOut>(Func<TLeft, TRight, TOut> join, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(join);
        return Declare<TOut>(() => (null, (left, right, _, output) => output.Collect(join(left, right))), file, line);
    }

    /// <summary>Processes every pair, with access to both timestamps and side outputs.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>join.Between(TimeSpan.Zero, TimeSpan.FromHours(1)).Process(() =&gt; new Answered())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<ProcessJoinFunction<TLeft, TRight, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare<TOut>(
            () =>
            {
                var function = create();
                return (function, function.ProcessElement);
            },
            file,
            line);
    }

    private SingleOutputStream<TOut> Declare<TOut>(
        Func<(StreamFunction? Function, Action<TLeft, TRight, JoinContext, Collector<TOut>> Process)> create, string file, int line)
    {
        // Taken now: what is declared does not change any more.
        var bounds = new JoinBounds(_bounds.Lower + (_isLowerExclusive ? 1 : 0), _bounds.Upper - (_isUpperExclusive ? 1 : 0));
        var (left, right, lateLeft, lateRight) = (_left, _right, _lateLeft, _lateRight);
        return TwoInputs.Declare<TLeft, TRight, TOut>(
            left.Stream,
            new HashPartitioning<TLeft, TKey>(left.KeySelector),
            right.Stream,
            new HashPartitioning<TRight, TKey>(right.KeySelector),
            "IntervalJoin",
            () =>
            {
                var (function, process) = create();
                return new IntervalJoinOperator<TKey, TLeft, TRight, TOut>(left.KeySelector, right.KeySelector, bounds, lateLeft, lateRight, function, process);
            },
            new SourceLine(file, line));
    }

    private BoundedIntervalJoin<TKey, TLeft, TRight> Copy() => (BoundedIntervalJoin<TKey, TLeft, TRight>)MemberwiseClone();
}
