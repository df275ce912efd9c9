namespace Millrace.Runtime.Tasks;

/// <summary>What a subtask has counted since it was made.</summary>
/// <param name="Busy">For how many milliseconds it worked.</param>
/// <param name="Idle">For how many milliseconds it waited for input.</param>
/// <param name="Backpressured">For how many milliseconds it waited for consumers.</param>
/// <param name="RecordsIn">Records that it took in; of a source, that it read.</param>
/// <param name="RecordsOut">Records that it sent.</param>
/// <param name="Watermark">The watermark that it handed on last.</param>
/// <param name="PendingRecords">Of a source: records that it could read and has not read; null where it does not know.</param>
/// <param name="PendingBytes">How many bytes that are.</param>
internal readonly record struct TaskCounts(
    long Busy, long Idle, long Backpressured, long RecordsIn, long RecordsOut, long Watermark, long? PendingRecords = null, long? PendingBytes = null)
{
    /// <summary>For how long it has lived, in milliseconds.</summary>
    public long Life => Busy + Idle + Backpressured;

    /// <summary>Reads them. Safe to call from any thread.</summary>
    /// <param name="subtask">Whose.</param>
    /// <param name="isSource">Whether its first operator is a source.</param>
    /// <returns>Null of a subtask whose operators are not made yet.</returns>
    public static TaskCounts? Of(Subtask subtask, bool isSource)
    {
        if (subtask.Operators is not [var first, ..] operators)
        {
            return null;
        }

        var (head, tail) = (first.Context.Metrics, operators[^1].Context.Metrics);
        return new TaskCounts(
            Milliseconds(TimeUse.Busy),
            Milliseconds(TimeUse.Idle),
            Milliseconds(TimeUse.Backpressured),
            isSource ? head.RecordsOut : head.RecordsIn,
            tail.RecordsOut,
            tail.Watermark,
            head.PendingRecords,
            head.PendingBytes);

        long Milliseconds(TimeUse use) => (long)subtask.Time.Spent(use).TotalMilliseconds;
    }
}
