namespace Millrace;

/// <summary>Who waits for whom, as <see cref="WatermarkStrategy{T}.WithWatermarkAlignment"/> says it.</summary>
/// <param name="Group">The sources of the same name in a job wait for each other.</param>
/// <param name="MaxDrift">How many milliseconds one may be ahead of the slowest.</param>
/// <param name="UpdateInterval">How many milliseconds lie between two looks at the others.</param>
internal sealed record WatermarkAlignmentOptions(string Group, long MaxDrift, long UpdateInterval);
