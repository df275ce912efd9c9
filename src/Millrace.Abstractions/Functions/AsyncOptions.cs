namespace Millrace;

/// <summary>In which order results come out that take time to come.</summary>
public enum AsyncOrder
{
    /// <summary>In the order of the records. A result waits for those of the records before it.</summary>
    Ordered,

    /// <summary>As they come, but never across a watermark: what was before a watermark stays before it, and what was behind stays behind.</summary>
    Unordered,
}

/// <summary>How records are handled whose results take time to come.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
public sealed record AsyncOptions<TIn, TOut>
{
    private readonly int _capacity = 100;
    private readonly TimeSpan _timeout = TimeSpan.FromMinutes(1);

    /// <summary>In which order results come out. Default: <see cref="AsyncOrder.Ordered"/>.</summary>
    public AsyncOrder Order { get; init; }

    /// <summary>How many records of one subtask may be under way at once, those included whose results wait to come out. At least 1; default 100. When that many are, the stream stands still.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int Capacity
    {
        get => _capacity;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _capacity = value;
        }
    }

    /// <summary>
    /// How long a result may take, all attempts together. Default one minute; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for ever. After it the result is
    /// <see cref="TimeoutResult"/>, and where there is none the job fails.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not above 0.</exception>
    public TimeSpan Timeout
    {
        get => _timeout;
        init
        {
            if (value != System.Threading.Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            }

            _timeout = value;
        }
    }

    /// <summary>Gives the result of a record whose own did not come in time. Called on the subtask's turn.</summary>
    public Func<TIn, TOut>? TimeoutResult { get; init; }

    /// <summary>Whether and when a record is tried again; null for never.</summary>
    public AsyncRetry<TOut>? Retry { get; init; }
}
