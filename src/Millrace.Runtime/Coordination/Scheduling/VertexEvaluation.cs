namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>What a task was measured to do over the window, and what it should be able to do. Rates are records in a second.</summary>
/// <param name="InputRate">What it took in.</param>
/// <param name="Load">The part of its time that its busiest subtask worked.</param>
/// <param name="TrueRate">The true processing rate: what it could take in if it always had input and never waited. Infinite where nothing came in.</param>
/// <param name="IsObserved">Whether that was seen while there was a backlog, and not concluded from busy time.</param>
/// <param name="TargetRate">What comes in at the sources, as it arrives here.</param>
/// <param name="CatchUpRate">What must be taken in beside that to catch up with the backlog in time.</param>
/// <param name="ScaleUpThreshold">With a lesser true rate it has too little.</param>
/// <param name="ScaleDownThreshold">With a greater true rate it has too much.</param>
/// <param name="TargetCapacity">What its true rate should be.</param>
internal sealed record VertexEvaluation(
    double InputRate, double Load, double TrueRate, bool IsObserved, double TargetRate, double CatchUpRate, double ScaleUpThreshold, double ScaleDownThreshold, double TargetCapacity)
{
    public bool IsWithin => TrueRate >= ScaleUpThreshold && TrueRate <= ScaleDownThreshold;
}
