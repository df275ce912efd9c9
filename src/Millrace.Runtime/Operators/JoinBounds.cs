namespace Millrace.Runtime.Operators;

/// <summary>How far apart records may be that an interval join pairs: left + lower ≤ right ≤ left + upper, in milliseconds, both inclusive.</summary>
/// <param name="Lower">The least distance of the right record from the left one.</param>
/// <param name="Upper">The greatest.</param>
internal readonly record struct JoinBounds(long Lower, long Upper)
{
    /// <summary>The same seen from the right record.</summary>
    public JoinBounds Mirrored => new(-Upper, -Lower);

    /// <summary>The first timestamp on the other side that pairs with one on this side.</summary>
    public long First(long timestamp) => Add(timestamp, Lower);

    /// <summary>The last one.</summary>
    public long Last(long timestamp) => Add(timestamp, Upper);

    /// <summary>The watermark at which a record is needed no more: nothing that comes behind it can be its partner.</summary>
    public long NeededUntil(long timestamp) => Upper > 0 ? Add(timestamp, Upper) : timestamp;

    // A bound may be as wide as time is: it ends where time does.
    private static long Add(long timestamp, long distance)
    {
        long sum = unchecked(timestamp + distance);
        return distance >= 0
            ? sum < timestamp ? long.MaxValue : sum
            : sum > timestamp ? long.MinValue : sum;
    }
}
