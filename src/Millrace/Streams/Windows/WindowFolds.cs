using System.Numerics;
using Millrace.Windowing;

namespace Millrace.Streams.Windows;

/// <summary>The sum of a member.</summary>
internal sealed class SumFold<T, TValue>(Func<T, TValue> get) : AggregateFunction<T, TValue, TValue>
    where TValue : IAdditionOperators<TValue, TValue, TValue>, IAdditiveIdentity<TValue, TValue>
{
    public override TValue CreateAccumulator() => TValue.AdditiveIdentity;

    public override void Add(ref TValue accumulator, T value) => accumulator = checked(accumulator + get(value));

    public override void Merge(ref TValue target, in TValue source) => target = checked(target + source);

    public override TValue GetResult(in TValue accumulator) => accumulator;
}

/// <summary>How many records.</summary>
internal sealed class CountFold<T> : AggregateFunction<T, long, long>
{
    public override long CreateAccumulator() => 0;

    public override void Add(ref long accumulator, T value) => accumulator++;

    public override void Merge(ref long target, in long source) => target += source;

    public override long GetResult(in long accumulator) => accumulator;
}

/// <summary>The mean of a member.</summary>
internal sealed class AverageFold<T>(Func<T, double> get) : AggregateFunction<T, (long Count, double Sum), double>
{
    public override (long Count, double Sum) CreateAccumulator() => default;

    public override void Add(ref (long Count, double Sum) accumulator, T value) => accumulator = (accumulator.Count + 1, accumulator.Sum + get(value));

    public override void Merge(ref (long Count, double Sum) target, in (long Count, double Sum) source) => target = (target.Count + source.Count, target.Sum + source.Sum);

    public override double GetResult(in (long Count, double Sum) accumulator) => accumulator.Sum / accumulator.Count;
}

/// <summary>Puts key and window to the value.</summary>
internal sealed class WithWindow<TKey, TWindow, TValue> : ProcessWindowFunction<TValue, WindowValue<TKey, TWindow, TValue>, TKey, TWindow>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    public override void Process(TKey key, WindowContext<TWindow> context, IReadOnlyList<TValue> elements, Collector<WindowValue<TKey, TWindow, TValue>> output) =>
        output.Collect(new(key, context.Window, elements[0]));
}
