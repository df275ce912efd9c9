using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators.Running;

namespace Millrace;

/// <summary>
/// A join of the latest records of two keyed streams. Comes from <see cref="KeyedStream{T, TKey}.LatestJoin"/>. It is an inner join; <see cref="LeftOr"/> and <see cref="RightOr"/> make an outer one of it. Every
/// method gives a new one and leaves this one as it is.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TLeft">The type of the left stream.</typeparam>
/// <typeparam name="TRight">The type of the right stream.</typeparam>
public sealed class LatestJoin<TKey, TLeft, TRight>
    where TKey : notnull
{
    private readonly KeyedStream<TLeft, TKey> _left;
    private readonly KeyedStream<TRight, TKey> _right;
    private readonly Func<TKey, TLeft>? _missingLeft;
    private readonly Func<TKey, TRight>? _missingRight;

    internal LatestJoin(KeyedStream<TLeft, TKey> left, KeyedStream<TRight, TKey> right, Func<TKey, TLeft>? missingLeft, Func<TKey, TRight>? missingRight)
    {
        _left = left;
        _right = right;
        _missingLeft = missingLeft;
        _missingRight = missingRight;
    }

    /// <summary>Keys that have a right record only give results too. Without this there is none before the key has a left record.</summary>
    /// <param name="missing">Gives what stands in for the left record of a key.</param>
    /// <returns>The join with this stand-in.</returns>
    /// <example><code>join.LeftOr(account =&gt; new Credit(account, 0))</code></example>
    public LatestJoin<TKey, TLeft, TRight> LeftOr(Func<TKey, TLeft> missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        return new LatestJoin<TKey, TLeft, TRight>(_left, _right, missing, _missingRight);
    }

    /// <summary>Keys that have a left record only give results too. Without this there is none before the key has a right record.</summary>
    /// <param name="missing">Gives what stands in for the right record of a key.</param>
    /// <returns>The join with this stand-in.</returns>
    /// <example><code>join.RightOr(account =&gt; new Debit(account, 0))</code></example>
    public LatestJoin<TKey, TLeft, TRight> RightOr(Func<TKey, TRight> missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        return new LatestJoin<TKey, TLeft, TRight>(_left, _right, _missingLeft, missing);
    }

    /// <summary>Turns the latest records of a key into a result, whenever one of them has changed.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="join">Gives the result of a left and a right record.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results. Each has the timestamp of the record that it came of, with <see cref="ExecutionOptions.ConsistentOutput"/> the one that was closed.</returns>
    /// <example><code>credits.LatestJoin(debits).Process((credit, debit) =&gt; new Balance(credit.Account, credit.Amount - debit.Amount))</code></example>
    public SingleOutputStream<TOut> Process<TOut>(Func<TLeft, TRight, TOut> join, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(join);
        var (left, right, missingLeft, missingRight) = (_left, _right, _missingLeft, _missingRight);
        return TwoInputs.Declare<TLeft, TRight, TOut>(
            left.Stream,
            new HashPartitioning<TLeft, TKey>(left.KeySelector),
            right.Stream,
            new HashPartitioning<TRight, TKey>(right.KeySelector),
            "LatestJoin",
            () => new LatestJoinOperator<TKey, TLeft, TRight, TOut>(left.KeySelector, right.KeySelector, missingLeft, missingRight, join),
            new SourceLine(file, line));
    }
}
