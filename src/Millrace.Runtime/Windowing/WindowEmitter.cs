using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing;

/// <summary>Makes results of the content of a window.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TContent">What a window holds.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class WindowEmitter<TKey, TContent, TOut>
    where TKey : notnull
{
    public abstract void Emit(TKey key, WindowContext<TimeWindow> context, in TContent content, Collector<TOut> output);
}

/// <summary>One result: that of a user's aggregate function.</summary>
internal sealed class AggregateEmitter<TKey, TIn, TAccumulator, TOut>(AggregateFunction<TIn, TAccumulator, TOut> function) : WindowEmitter<TKey, TAccumulator, TOut>
    where TKey : notnull
{
    public override void Emit(TKey key, WindowContext<TimeWindow> context, in TAccumulator content, Collector<TOut> output) =>
        output.Collect(function.GetResult(in content));
}

/// <summary>One result: the value itself.</summary>
internal sealed class ValueEmitter<TKey, T> : WindowEmitter<TKey, T, T>
    where TKey : notnull
{
    public override void Emit(TKey key, WindowContext<TimeWindow> context, in T content, Collector<T> output) => output.Collect(content);
}

/// <summary>What a window function makes of the one result of an incremental aggregation.</summary>
internal sealed class AggregateThenProcessEmitter<TKey, TIn, TAccumulator, TResult, TOut>(
    AggregateFunction<TIn, TAccumulator, TResult> aggregate, ProcessWindowFunction<TResult, TOut, TKey, TimeWindow> process) : WindowEmitter<TKey, TAccumulator, TOut>
    where TKey : notnull
{
    private readonly TResult[] _one = new TResult[1];

    public override void Emit(TKey key, WindowContext<TimeWindow> context, in TAccumulator content, Collector<TOut> output)
    {
        _one[0] = aggregate.GetResult(in content);
        process.Process(key, context, _one, output);
        _one[0] = default!;
    }
}

/// <summary>What a window function makes of the one value of a reduction.</summary>
internal sealed class ValueThenProcessEmitter<TKey, T, TOut>(ProcessWindowFunction<T, TOut, TKey, TimeWindow> process) : WindowEmitter<TKey, T, TOut>
    where TKey : notnull
{
    private readonly T[] _one = new T[1];

    public override void Emit(TKey key, WindowContext<TimeWindow> context, in T content, Collector<TOut> output)
    {
        _one[0] = content;
        process.Process(key, context, _one, output);
        _one[0] = default!;
    }
}

/// <summary>What a window function makes of all records.</summary>
internal sealed class ProcessEmitter<TKey, T, TOut>(ProcessWindowFunction<T, TOut, TKey, TimeWindow> process) : WindowEmitter<TKey, StateList<T>, TOut>
    where TKey : notnull
{
    public override void Emit(TKey key, WindowContext<TimeWindow> context, in StateList<T> content, Collector<TOut> output) =>
        process.Process(key, context, content.AsSpan().ToArray(), output);
}
