using CsCheck;

namespace Millrace.Runtime.Tests.Windowing;

/// <summary>What happens to a window operator in a random test: windows, and records and watermarks in disorder.</summary>
internal sealed record WindowScenario(long Size, long Slide, long Offset, long Lateness, int BatchSize, IReadOnlyList<WindowScenario.Step> Steps)
{
    public enum StepKind
    {
        Record,
        Watermark,
        Rescale,
    }

    /// <summary>A record of a key at a time; a watermark at a time; a change of the parallelism to a number.</summary>
    public readonly record struct Step(StepKind Kind, int Number, long Time);

    private static readonly Gen<(int Kind, int Key, int Delta)> RawStep = Gen.Select(Gen.Int[0, 19], Gen.Int[0, 4], Gen.Int[0, 40]);

    public static Gen<WindowScenario> Tumbling { get; } =
        from size in Gen.Long[1, 12]
        from scenario in Of(size, size)
        select scenario;

    public static Gen<WindowScenario> Sliding { get; } =
        from size in Gen.Long[1, 24]
        from slide in Gen.Long[1, size]
        from scenario in Of(size, slide)
        select scenario;

    public string Id(int step) => $"{Steps[step].Number}.{step},";

    public override string ToString() =>
        $"size {Size}, slide {Slide}, offset {Offset}, lateness {Lateness}, batch {BatchSize}: {string.Join(" ", Steps.Select(step => $"{step.Kind.ToString()[0]}{step.Number}@{step.Time}"))}";

    private static Gen<WindowScenario> Of(long size, long slide) =>
        from offset in Gen.Long[-(slide - 1), slide - 1]
        from lateness in Gen.OneOf(Gen.Const(0L), Gen.Long[1, 30])
        from batch in Gen.Int[1, 9]
        from start in Gen.OneOf(Gen.Const(-1_000L), Gen.Const(-20L), Gen.Const(0L), Gen.Const(1_700_000_000_000L))
        from raw in RawStep.Array[0, 80]
        select new WindowScenario(size, slide, offset, lateness, batch, ToSteps(raw, start));

    private static List<Step> ToSteps((int Kind, int Key, int Delta)[] raw, long now)
    {
        var steps = new List<Step>();
        foreach (var (kind, key, delta) in raw)
        {
            switch (kind)
            {
                case < 14:
                    steps.Add(new Step(StepKind.Record, key, now + delta - 25));
                    break;
                case < 18:
                    now += (delta / 4) + 1;
                    steps.Add(new Step(StepKind.Watermark, 0, now));
                    break;
                case 18:
                    now += delta * 10;
                    steps.Add(new Step(StepKind.Watermark, 0, now));
                    break;
                default:
                    steps.Add(new Step(StepKind.Rescale, (key % 3) + 1, 0));
                    break;
            }
        }

        steps.Add(new Step(StepKind.Watermark, 0, EventTime.MaxWatermark));
        return steps;
    }
}
