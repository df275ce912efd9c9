namespace Millrace.Runtime.Tests.Operators.Running;

/// <summary>A record of the tests of running aggregates.</summary>
public sealed record Item(int Key, string Text);

/// <summary>Counts, and fails on a record whose text is "bad".</summary>
internal sealed class CountText : AggregateFunction<Item, int, string>
{
    public override int CreateAccumulator() => 0;

    public override void Add(ref int accumulator, Item value) => accumulator += value.Text == "bad" ? throw new FormatException("bad") : value.Text.Length;

    public override void Merge(ref int target, in int source) => target += source;

    public override string GetResult(in int accumulator) => $"{accumulator}";
}

/// <summary>An accumulator that is an object: to be shared with nobody.</summary>
public sealed class Tally
{
    public int Count { get; set; }
}

/// <summary>Counts in an object, of which the first cannot be made.</summary>
internal sealed class FailsToBegin : AggregateFunction<Item, Tally, int>
{
    private bool _hasFailed;

    public override Tally CreateAccumulator()
    {
        bool fails = !_hasFailed;
        _hasFailed = true;
        return fails ? throw new InvalidOperationException("no memory") : new();
    }

    public override void Add(ref Tally accumulator, Item value) => accumulator.Count++;

    public override void Merge(ref Tally target, in Tally source) => target.Count += source.Count;

    public override int GetResult(in Tally accumulator) => accumulator.Count;
}

/// <summary>Counts in an object.</summary>
internal sealed class CountInObject : AggregateFunction<Item, Tally, int>
{
    public override Tally CreateAccumulator() => new();

    public override void Add(ref Tally accumulator, Item value) => accumulator.Count++;

    public override void Merge(ref Tally target, in Tally source) => target.Count += source.Count;

    public override int GetResult(in Tally accumulator) => accumulator.Count;
}
