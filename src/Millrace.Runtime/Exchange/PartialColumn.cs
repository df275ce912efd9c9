using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Exchange;

/// <summary>Beside the records of a batch, what some of them stand for: several records, and what these have been aggregated to.</summary>
internal abstract class PartialColumn
{
    /// <summary>How many records each record stands for; 0 where it is one and nothing has been aggregated.</summary>
    public abstract ReadOnlySpan<int> Counts { get; }

    /// <summary>How many records the first so many of the batch stand for.</summary>
    public int RecordsOf(int count)
    {
        int records = 0;
        foreach (int aggregated in Counts[..count])
        {
            records += Math.Max(1, aggregated);
        }

        return records;
    }

    /// <summary>Another column of the same kind, with nothing in it.</summary>
    public abstract PartialColumn RentAnother();

    /// <summary>Copies a run of another column of the same kind.</summary>
    public abstract void Copy(PartialColumn source, int start, int target, int count);

    /// <summary>Takes a record out; those behind it move up.</summary>
    public abstract void RemoveAt(int index, int behind);

    /// <summary>Lets others use the column.</summary>
    /// <param name="count">How many records the batch had.</param>
    public abstract void Return(int count);
}

/// <summary>Partial aggregates of one type.</summary>
/// <typeparam name="TContent">What records are aggregated to.</typeparam>
internal sealed class PartialColumn<TContent> : PartialColumn, IHasCapacity
{
    private static readonly CapacityPool<PartialColumn<TContent>> Pool = new();
    private readonly int[] _counts;

    private PartialColumn(int capacity)
    {
        _counts = new int[capacity];
        Contents = new TContent[capacity];
    }

    public override ReadOnlySpan<int> Counts => _counts;

    public int Capacity => _counts.Length;

    /// <summary>What has been aggregated, where the count is not 0.</summary>
    public TContent[] Contents { get; }

    /// <summary>An empty column for batches of a capacity.</summary>
    public static PartialColumn<TContent> Rent(int capacity) => Pool.Rent(capacity) ?? new PartialColumn<TContent>(capacity);

    public void Set(int index, in TContent content, int count)
    {
        Contents[index] = content;
        _counts[index] = count;
    }

    public override PartialColumn RentAnother() => Rent(_counts.Length);

    public override void Copy(PartialColumn source, int start, int target, int count)
    {
        var other = (PartialColumn<TContent>)source;
        Array.Copy(other._counts, start, _counts, target, count);
        Array.Copy(other.Contents, start, Contents, target, count);
    }

    public override void RemoveAt(int index, int behind)
    {
        Array.Copy(_counts, index + 1, _counts, index, behind);
        Array.Copy(Contents, index + 1, Contents, index, behind);
        Set(index + behind, default!, 0);
    }

    public override void Return(int count)
    {
        Array.Clear(_counts, 0, count);
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TContent>())
        {
            Array.Clear(Contents, 0, count);
        }

        Pool.Return(this);
    }
}
