using System.Numerics;

namespace Millrace;

/// <summary>What the aggregations with names do, of keys and of windows.</summary>
internal static class Reductions
{
    public static Func<T, T, T> Sum<T, TValue>(Func<T, TValue> get, Func<T, TValue, T> with)
        where TValue : IAdditionOperators<TValue, TValue, TValue>
    {
        ArgumentNullException.ThrowIfNull(get);
        ArgumentNullException.ThrowIfNull(with);
        return (sum, record) => with(sum, checked(get(sum) + get(record)));
    }

    public static Func<T, T, T> Greatest<T, TValue>(Func<T, TValue> get, Func<T, TValue, T> with, IComparer<TValue>? comparer)
    {
        ArgumentNullException.ThrowIfNull(get);
        ArgumentNullException.ThrowIfNull(with);
        var order = comparer ?? Comparer<TValue>.Default;
        return (greatest, record) => order.Compare(get(record), get(greatest)) > 0 ? with(greatest, get(record)) : greatest;
    }

    public static Func<T, T, T> GreatestBy<T, TValue>(Func<T, TValue> get, bool first, IComparer<TValue>? comparer)
    {
        ArgumentNullException.ThrowIfNull(get);
        var order = comparer ?? Comparer<TValue>.Default;
        return (greatest, record) => order.Compare(get(record), get(greatest)) switch
        {
            > 0 => record,
            0 => first ? greatest : record,
            _ => greatest,
        };
    }

    /// <summary>The order the other way round: the least becomes the greatest.</summary>
    public static IComparer<TValue> Descending<TValue>(IComparer<TValue>? comparer)
    {
        var order = comparer ?? Comparer<TValue>.Default;
        return Comparer<TValue>.Create((one, other) => order.Compare(other, one));
    }
}
