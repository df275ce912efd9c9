namespace Millrace.Runtime.Time;

/// <summary>How far a split had come when its reader last looked.</summary>
/// <param name="SplitId">The split; empty for a reader that has one watermark for all.</param>
/// <param name="Watermark">Its watermark.</param>
/// <param name="IsIdle">Whether nobody waits for it.</param>
internal readonly record struct SplitTime(string SplitId, long Watermark, bool IsIdle);
