namespace Millrace.Runtime.Time;

/// <summary>Notices operators whose event time stands still though records come. Of one thread.</summary>
internal sealed class StalledWatermarks
{
    private readonly Dictionary<string, (long Watermark, long Since, long Records, bool IsTold)> _seen = [];

    /// <summary>Looks at how far all operators have come.</summary>
    /// <param name="operators">Each operator, with how many records it has taken (a source: given) so far.</param>
    /// <param name="now">In milliseconds, by a clock that does not jump.</param>
    /// <param name="timeout">How many milliseconds event time may stand still.</param>
    /// <returns>For each that holds others back and has not been told of since its watermark moved last: how long, and whom, with how many records they have taken meanwhile.</returns>
    public IReadOnlyList<Stall> Look(IReadOnlyList<(OperatorWatermark Operator, long Records)> operators, long now, long timeout)
    {
        var stalled = new List<(WatermarkHolder Holder, OperatorWatermark Operator, long Duration, long Records)>();
        foreach (var (op, records) in operators)
        {
            // Another attempt counts its records from the beginning.
            if (!_seen.TryGetValue(op.Uid, out var seen) || seen.Watermark != op.Watermark || records < seen.Records)
            {
                _seen[op.Uid] = (op.Watermark, now, records, false);
                continue;
            }

            bool isTime = op.HeldBackBy is { Why: not WatermarkHold.NoWatermarks } && !op.IsIdle;
            if (isTime && !seen.IsTold && now - seen.Since >= timeout && records > seen.Records)
            {
                _seen[op.Uid] = seen with { IsTold = true };
                stalled.Add((op.HeldBackBy!, op, now - seen.Since, records - seen.Records));
            }
        }

        return [.. stalled.GroupBy(stall => stall.Holder).Select(group => new Stall(
            group.Key, [.. group.Select(stall => stall.Operator.Name)], group.Max(stall => stall.Duration), group.Max(stall => stall.Records), group.Min(stall => stall.Operator.Watermark)))];
    }

    /// <summary>Event time that stands still.</summary>
    /// <param name="Holder">Who holds it back.</param>
    /// <param name="Operators">Who waits.</param>
    /// <param name="Duration">For how many milliseconds.</param>
    /// <param name="Records">How many records have come meanwhile.</param>
    /// <param name="Watermark">Where it stands.</param>
    public sealed record Stall(WatermarkHolder Holder, IReadOnlyList<string> Operators, long Duration, long Records, long Watermark);
}
