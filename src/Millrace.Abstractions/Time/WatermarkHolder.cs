namespace Millrace;

/// <summary>What keeps a watermark where it is.</summary>
public enum WatermarkHold
{
    /// <summary>A split of a source has not come further: its records do not go on in time, or none come.</summary>
    Split,

    /// <summary>A reader of a source has no split yet that says anything about time.</summary>
    NoSplit,

    /// <summary>The source has no watermark strategy, and no watermarks of its own: event time stands still until its end.</summary>
    NoWatermarks,

    /// <summary>The operator's inputs have come further than the operator: it is busy, waits for those behind it, or for calls under way.</summary>
    Operator,

    /// <summary>The operator gives its records watermarks of its own (<c>AssignTimestampsAndWatermarks</c>), and these have not come further.</summary>
    Strategy,
}

/// <summary>Who holds a watermark back: the answer to 'why does my window not fire'.</summary>
/// <param name="Operator">The name of the operator.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="Subtask">Which of its subtasks, counted from 0.</param>
/// <param name="SplitId">Which split of the source; null where it is none.</param>
/// <param name="Watermark">How far it has come, in milliseconds since 1970-01-01 UTC; <see cref="EventTime.MinWatermark"/> where it has said nothing yet.</param>
/// <param name="Why">In which way.</param>
public sealed record WatermarkHolder(string Operator, string Uid, int Subtask, string? SplitId, long Watermark, WatermarkHold Why)
{
    /// <summary>Says it in a sentence, with what can be done.</summary>
    /// <returns>For people, not for programs.</returns>
    public override string ToString()
    {
        string subtask = $"subtask {Subtask} of '{Operator}'";
        string at = Watermark == EventTime.MinWatermark ? "it has said nothing about event time yet" : $"it is at {EventTime.Format(Watermark)}";
        return Why switch
        {
            WatermarkHold.Split => $"split '{SplitId}' in {subtask}: {at}. If the split may be silent, give the source's watermark strategy WithIdleness.",
            WatermarkHold.NoSplit => $"{subtask}, which has no split that says anything about event time. If there may be fewer splits than subtasks, give the source's watermark strategy WithIdleness.",
            WatermarkHold.NoWatermarks => $"'{Operator}', which has no watermarks: give the source a WatermarkStrategy if the job uses event time.",
            WatermarkHold.Operator => $"{subtask}: {at}, and its inputs have come further. It is busy, or those behind it are.",
            _ => $"{subtask}, whose own watermark strategy has not come further: {at}. If its input may be silent, give the strategy WithIdleness.",
        };
    }
}

/// <summary>How far event time has come in an operator.</summary>
/// <param name="Name">The operator's name.</param>
/// <param name="Uid">The operator's uid.</param>
/// <param name="Watermark">The least watermark of its subtasks, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="IsIdle">Whether nobody waits for it: all that it reads is idle.</param>
/// <param name="HeldBackBy">Who keeps the watermark where it is; null where the input has ended, or nobody does because all is idle.</param>
public sealed record OperatorWatermark(string Name, string Uid, long Watermark, bool IsIdle, WatermarkHolder? HeldBackBy);
