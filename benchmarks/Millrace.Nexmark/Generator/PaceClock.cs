namespace Millrace.Nexmark.Generator;

/// <summary>When the first event of a run was due: readers and sinks count from the same moment, however long the job takes to begin. Safe for use by several threads.</summary>
internal sealed class PaceClock
{
    private long _start;

    /// <summary>The moment, as a timestamp of the clock of the job; 0 where no reader has begun.</summary>
    public long Start => Interlocked.Read(ref _start);

    /// <summary>Begins, where no reader has.</summary>
    /// <returns>The moment.</returns>
    public long Begin(long timestamp)
    {
        long begun = Interlocked.CompareExchange(ref _start, timestamp, 0);
        return begun == 0 ? timestamp : begun;
    }
}
