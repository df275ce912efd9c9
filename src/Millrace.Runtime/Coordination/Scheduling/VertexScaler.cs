namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A step of one task's parallelism that was made.</summary>
/// <param name="Time">When it was decided.</param>
/// <param name="From">The parallelism before.</param>
/// <param name="To">The parallelism after.</param>
/// <param name="TrueRate">What it could take in before.</param>
/// <param name="ExpectedRate">What it was to be able to take in after.</param>
internal sealed record ScalingStep(long Time, int From, int To, double TrueRate, double ExpectedRate);

/// <summary>Computes the parallelism of one task from its measurements.</summary>
internal sealed class VertexScaler
{
    private readonly AutoscalerOptions _options;
    private readonly ScalingVertex _vertex;
    private readonly int _place;
    private readonly DelayedScaleDown _delayed;
    private readonly List<ScalingStep> _steps = [];

    public VertexScaler(AutoscalerOptions options, ScalingVertex vertex, int place)
    {
        _options = options;
        _vertex = vertex;
        _place = place;
        _delayed = new DelayedScaleDown(SchedulerOptions.Milliseconds(options.ScaleDownInterval));
    }

    public IReadOnlyList<ScalingStep> Steps => _steps;

    /// <summary>What its true rate is to be after the step that was computed last.</summary>
    public double ExpectedRate { get; private set; }

    public VertexScaling Compute(VertexEvaluation evaluation, int current, long now)
    {
        string measured = Measured(evaluation);
        if (_vertex.IsExcluded)
        {
            return Decide(current, 1, false, false, $"{measured} It keeps its parallelism of {Text.Number(current)}: it is excluded.");
        }

        double needed = evaluation.TargetCapacity / evaluation.TrueRate;

        // Nothing came in and nothing is to: then nothing is needed either.
        double factor = double.IsNaN(needed) ? 0 : needed;
        string scalability = "";
        if (_options.ObservedScalability && Scalability() is { } coefficient && factor > 1)
        {
            factor /= coefficient;
            scalability = $" Subtasks that were added brought {Text.Percent(coefficient)} of their share, so it is divided by that.";
        }

        string limits = "";
        double capped = Math.Clamp(factor, 1 - _options.MaxScaleDownFactor, 1 + _options.MaxScaleUpFactor);
        if (capped != factor)
        {
            limits = capped > factor ? $" {nameof(AutoscalerOptions.MaxScaleDownFactor)} makes it {Text.Factor(capped)}." : $" {nameof(AutoscalerOptions.MaxScaleUpFactor)} makes it {Text.Factor(capped)}.";
        }

        ExpectedRate = evaluation.TrueRate * capped;

        // 4 * 1.25 is 5 and not, by a rounding error, 6.
        int ideal = (int)Math.Min(Math.Ceiling((current * capped) - 1e-9), int.MaxValue);
        int upper = Math.Min(Math.Max(current, _options.VertexMaxParallelism), _vertex.MaxParallelism);
        int lower = Math.Max(Math.Min(current, _options.VertexMinParallelism), _vertex.MinParallelism);
        int limited = Math.Min(Math.Max(ideal, lower), upper);
        if (limited != ideal)
        {
            limits += limited > ideal && limited == _vertex.MinParallelism ? $" It must have {Text.Number(limited)} at least."
                : limited > ideal ? $" {nameof(AutoscalerOptions.VertexMinParallelism)} makes it {Text.Number(limited)}."
                : limited == _vertex.MaxParallelism ? $" It can have {Text.Number(limited)} at most."
                : $" {nameof(AutoscalerOptions.VertexMaxParallelism)} makes it {Text.Number(limited)}.";
        }

        int target = limited;
        if (_vertex.Groups is { } groups && limited != current)
        {
            target = GroupAlignment.Align(_options.Alignment, groups, current, limited, upper);
            limits += target != limited ? $" It is moved to {Text.Number(target)} ({_options.Alignment}), so that {GroupAlignment.Describe(groups, target)}."
                : _options.Alignment != ParallelismAlignment.Off && groups % target != 0 ? $" No better number is near: {GroupAlignment.Describe(groups, target)}."
                : "";
        }

        string computed = $"{measured} It should be able to take in {Text.Rate(evaluation.TargetCapacity)}, which is {Text.Factor(needed)} of what it can.{scalability} "
            + $"{Text.Number(current)} × {Text.Factor(capped)} gives {Text.Number(ideal)}.{limits}";
        return target == current ? Keep() : target > current ? Up() : Down();

        VertexScaling Keep()
        {
            _delayed.Clear();
            return Decide(current, capped, false, false, $"{computed} It keeps its parallelism of {Text.Number(current)}.");
        }

        VertexScaling Up()
        {
            _delayed.Clear();
            if (Ineffective(evaluation, current) is not { } ineffective)
            {
                return Decide(target, capped, !evaluation.IsWithin, false, $"{computed} It is to be scaled up from {Text.Number(current)} to {Text.Number(target)}.");
            }

            return _options.BlockIneffectiveScaling
                ? Decide(current, capped, false, true, $"{computed} {ineffective} It keeps its parallelism of {Text.Number(current)} ({nameof(AutoscalerOptions.BlockIneffectiveScaling)}).")
                : Decide(target, capped, !evaluation.IsWithin, true, $"{computed} {ineffective} It is to be scaled up from {Text.Number(current)} to {Text.Number(target)} all the same.");
        }

        VertexScaling Down()
        {
            if (_delayed.Propose(new ScaleDownProposal(now, target, !evaluation.IsWithin)) is not { } most)
            {
                return Decide(
                    current, capped, false, false,
                    $"{computed} It is to be scaled down from {Text.Number(current)} to {Text.Number(target)}, but not for another {Text.Duration(_delayed.DueAt!.Value - now)} ({nameof(AutoscalerOptions.ScaleDownInterval)}).");
            }

            string because = most.Parallelism == target ? "" : $", the most that was right within {nameof(AutoscalerOptions.ScaleDownInterval)}";
            return Decide(most.Parallelism, capped, most.IsOutside, false, $"{computed} It is to be scaled down from {Text.Number(current)} to {Text.Number(most.Parallelism)}{because}.");
        }

        VertexScaling Decide(int parallelism, double by, bool isOutside, bool isIneffective, string explanation) =>
            new(_place, _vertex.Name, current, parallelism, evaluation, by, isOutside, isIneffective, explanation);
    }

    /// <summary>The step that was computed last is made.</summary>
    public void Made(VertexScaling scaling, long now)
    {
        if (scaling.IsChange)
        {
            _steps.Add(new ScalingStep(now, scaling.Current, scaling.Target, scaling.Evaluation.TrueRate, ExpectedRate));
            if (_steps.Count > _options.HistoryMaxCount)
            {
                _steps.RemoveAt(0);
            }
        }
    }

    /// <summary>The job was started: what was proposed before was for another parallelism.</summary>
    public void Restarted() => _delayed.Clear();

    private string Measured(VertexEvaluation evaluation) =>
        $"It took in {Text.Rate(evaluation.InputRate)} while it was busy for {Text.Percent(evaluation.Load)} of the time, so it can take in {Text.Rate(evaluation.TrueRate)}"
        + (evaluation.IsObserved ? " (as observed with a backlog)" : "")
        + $"; {Text.Rate(evaluation.TargetRate)} come"
        + (evaluation.CatchUpRate > 0 ? $", and {Text.Rate(evaluation.CatchUpRate)} to catch up with a backlog" : "")
        + (evaluation.IsWithin ? ". That is enough and not too much: " : evaluation.TrueRate < evaluation.ScaleUpThreshold ? ". That is too little: " : ". That is too much: ")
        + (double.IsPositiveInfinity(evaluation.ScaleDownThreshold) ? $"the lower bound is {Text.Rate(evaluation.ScaleUpThreshold)}, and with a backlog there is no upper one."
            : $"the bounds are {Text.Rate(evaluation.ScaleUpThreshold)} to {Text.Rate(evaluation.ScaleDownThreshold)}.");

    /// <summary>Why the last step up, if it was the last step, was of no use; null where it was.</summary>
    private string? Ineffective(VertexEvaluation evaluation, int current)
    {
        if (_steps.Count == 0 || _steps[^1] is not { } last || last.To != current || last.To <= last.From)
        {
            return null;
        }

        double expected = last.ExpectedRate - last.TrueRate;
        double actual = evaluation.TrueRate - last.TrueRate;
        return !(actual / expected < _options.EffectivenessThreshold) ? null
            : $"The step from {Text.Number(last.From)} to {Text.Number(last.To)} was ineffective: it was to bring {Text.Rate(expected)} and brought {Text.Rate(actual)}. Keys may be skewed, or something outside is the limit.";
    }

    /// <summary>
    /// How much of its share a subtask that is added brings: the slope of a line through the origin that fits best what was measured, as a part of the slope that the least parallelism had. Null before enough was measured.
    /// </summary>
    private double? Scalability()
    {
        List<ScalingStep> measured = [.. _steps.Where(step => double.IsFinite(step.TrueRate) && step.TrueRate > 0)];
        if (measured.Select(step => step.From).Distinct().Count() < _options.ObservedScalabilityMinObservations)
        {
            return null;
        }

        var least = measured.MinBy(step => step.From)!;
        double each = least.TrueRate / least.From;
        double slope = measured.Sum(step => step.From * step.TrueRate) / (each * measured.Sum(step => (double)step.From * step.From));

        // Less than half would be taken for a limit from outside, which more subtasks do not help.
        return Math.Clamp(slope, 0.5, 1);
    }
}
