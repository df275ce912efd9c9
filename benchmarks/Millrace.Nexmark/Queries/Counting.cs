namespace Millrace.Nexmark.Queries;

/// <summary>Counts.</summary>
internal sealed class Counting<T> : AggregateFunction<T, long, long>
{
    public override long CreateAccumulator() => 0;

    public override void Add(ref long accumulator, T value) => accumulator++;

    public override void Merge(ref long target, in long source) => target += source;

    public override long GetResult(in long accumulator) => accumulator;
}
