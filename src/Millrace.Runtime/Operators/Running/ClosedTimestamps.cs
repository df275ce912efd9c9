using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.Tasks;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>Which timestamps are closed for a key: those at or before the watermark, and those that were before the job was restored.</summary>
/// <param name="values">Keeps in snapshots how far event time had come.</param>
/// <param name="range">The key groups that the subtask owns.</param>
/// <param name="context">The operator's place.</param>
internal sealed class ClosedTimestamps(GroupValues values, KeyGroupRange range, OperatorContext context)
{
    private readonly EventTimeProgress _progress = new(values, range, context.MaxParallelism);

    /// <summary>Takes what was restored. When the operator is opened.</summary>
    public void Restore() => _progress.Restore();

    /// <summary>Brings what snapshots see up to date.</summary>
    public void Update(long watermark) => _progress.Update(watermark);

    /// <summary>Whether a record still counts; one that does not is dropped, and counted as late: what was emitted for its timestamp would have been wrong.</summary>
    /// <param name="hash">The hash of the record's key.</param>
    /// <param name="timestamp">The record's timestamp.</param>
    /// <param name="watermark">The operator's watermark.</param>
    /// <exception cref="InvalidOperationException">The record has no timestamp.</exception>
    public bool Admits(ulong hash, long timestamp, long watermark)
    {
        if (timestamp == EventTime.None)
        {
            throw MissingTimestamp(context.OperatorName, $", or set {nameof(ExecutionOptions)}.{nameof(ExecutionOptions.ConsistentOutput)} to false");
        }

        if (timestamp > _progress.Of(hash, watermark))
        {
            return true;
        }

        context.Metrics.AddLate(dropped: true);
        return false;
    }

    /// <param name="operatorName">The operator that needs timestamps.</param>
    /// <param name="otherwise">What else can be done about it.</param>
    public static InvalidOperationException MissingTimestamp(string operatorName, string otherwise = "") => new(
        $"a record without a timestamp came to {operatorName}, which goes by event time. Give the source a WatermarkStrategy with a timestamp assigner, or call AssignTimestampsAndWatermarks before{otherwise}");
}
