namespace Millrace.Nexmark.Queries;

/// <summary>The items with the highest value.</summary>
internal sealed class Top<T>
{
    public long Value { get; set; } = long.MinValue;

    public List<T> Items { get; init; } = [];
}

/// <summary>Finds the items with the highest value.</summary>
/// <param name="value">The value of an item.</param>
internal sealed class Highest<T>(Func<T, long> value) : AggregateFunction<T, Top<T>, Top<T>>
{
    public override Top<T> CreateAccumulator() => new();

    public override void Add(ref Top<T> accumulator, T item)
    {
        long of = value(item);
        if (of > accumulator.Value)
        {
            accumulator.Value = of;
            accumulator.Items.Clear();
        }

        if (of == accumulator.Value)
        {
            accumulator.Items.Add(item);
        }
    }

    public override void Merge(ref Top<T> target, in Top<T> source)
    {
        foreach (var item in source.Items)
        {
            Add(ref target, item);
        }
    }

    public override Top<T> GetResult(in Top<T> accumulator) => accumulator;
}
