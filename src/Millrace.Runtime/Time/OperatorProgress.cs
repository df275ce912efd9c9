using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Time;

/// <summary>How far an operator of a subtask has come: all that must be known of it to say who holds event time back.</summary>
/// <param name="Subtask">The number of the subtask.</param>
/// <param name="RecordsIn">Records that it took in.</param>
/// <param name="RecordsOut">Records that it sent.</param>
/// <param name="Watermark">The watermark that it handed on last.</param>
/// <param name="IsIdle">Whether it makes watermarks, and nobody waits for its own.</param>
/// <param name="AssignsWatermarks">Whether it makes watermarks by a strategy.</param>
/// <param name="Slowest">Of a source: the split that is behind all others of its reader, of those that are waited for; null where there is none.</param>
internal sealed record OperatorProgress(int Subtask, long RecordsIn, long RecordsOut, long Watermark, bool IsIdle, bool AssignsWatermarks, SplitTime? Slowest)
{
    public bool HasEnded => Watermark == EventTime.MaxWatermark;

    /// <summary>Reads it. Safe to call from any thread.</summary>
    public static OperatorProgress Of(StreamOperator op)
    {
        var metrics = op.Context.Metrics;
        SplitTime? slowest = null;
        foreach (var split in metrics.Splits)
        {
            if (!split.IsIdle && (slowest is not { } other || split.Watermark < other.Watermark))
            {
                slowest = split;
            }
        }

        return new OperatorProgress(op.Context.SubtaskIndex, metrics.RecordsIn, metrics.RecordsOut, metrics.Watermark, metrics.IsIdle, op.AssignsWatermarks, slowest);
    }

    /// <summary>One whose subtask has come to its end.</summary>
    public static OperatorProgress Ended(int subtask) => new(subtask, 0, 0, EventTime.MaxWatermark, false, false, null);
}
