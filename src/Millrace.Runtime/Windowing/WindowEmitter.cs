using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing;

/// <summary>Makes results of the content of a window.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
/// <typeparam name="TContent">What a window holds.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class WindowEmitter<TKey, TWindow, TContent, TOut>
    where TKey : notnull
{
    public abstract void Emit(TKey key, WindowContext<TWindow> context, in TContent content, Collector<TOut> output);

    /// <summary>A window is over.</summary>
    public virtual void Clear(TKey key, WindowContext<TWindow> context)
    {
    }

    /// <summary>Whether the last <see cref="Emit"/> has left less of the content than there was; <see cref="WriteBack"/> then gives the rest.</summary>
    public virtual bool HasEvicted => false;

    /// <summary>Puts what is left in the place of the content.</summary>
    /// <returns>Whether anything is left.</returns>
    public virtual bool WriteBack(ref TContent content) => true;
}

/// <summary>One result: that of a user's aggregate function.</summary>
internal sealed class AggregateEmitter<TKey, TWindow, TIn, TAccumulator, TOut>(AggregateFunction<TIn, TAccumulator, TOut> function) : WindowEmitter<TKey, TWindow, TAccumulator, TOut>
    where TKey : notnull
{
    public override void Emit(TKey key, WindowContext<TWindow> context, in TAccumulator content, Collector<TOut> output) =>
        output.Collect(function.GetResult(in content));
}

/// <summary>One result: the value itself.</summary>
internal sealed class ValueEmitter<TKey, TWindow, T> : WindowEmitter<TKey, TWindow, T, T>
    where TKey : notnull
{
    public override void Emit(TKey key, WindowContext<TWindow> context, in T content, Collector<T> output) => output.Collect(content);
}

/// <summary>What a window function makes of the one result of an incremental aggregation.</summary>
internal sealed class AggregateThenProcessEmitter<TKey, TWindow, TIn, TAccumulator, TResult, TOut>(
    AggregateFunction<TIn, TAccumulator, TResult> aggregate, ProcessWindowFunction<TResult, TOut, TKey, TWindow> process) : WindowEmitter<TKey, TWindow, TAccumulator, TOut>
    where TKey : notnull
{
    private readonly TResult[] _one = new TResult[1];

    public override void Emit(TKey key, WindowContext<TWindow> context, in TAccumulator content, Collector<TOut> output)
    {
        _one[0] = aggregate.GetResult(in content);
        process.Process(key, context, _one, output);
        _one[0] = default!;
    }

    public override void Clear(TKey key, WindowContext<TWindow> context) => process.Clear(key, context);
}

/// <summary>What a window function makes of the one value of a reduction.</summary>
internal sealed class ValueThenProcessEmitter<TKey, TWindow, T, TOut>(ProcessWindowFunction<T, TOut, TKey, TWindow> process) : WindowEmitter<TKey, TWindow, T, TOut>
    where TKey : notnull
{
    private readonly T[] _one = new T[1];

    public override void Emit(TKey key, WindowContext<TWindow> context, in T content, Collector<TOut> output)
    {
        _one[0] = content;
        process.Process(key, context, _one, output);
        _one[0] = default!;
    }

    public override void Clear(TKey key, WindowContext<TWindow> context) => process.Clear(key, context);
}

/// <summary>What a window function makes of all records.</summary>
internal sealed class ProcessEmitter<TKey, TWindow, T, TOut>(ProcessWindowFunction<T, TOut, TKey, TWindow> process) : WindowEmitter<TKey, TWindow, StateList<T>, TOut>
    where TKey : notnull
{
    public override void Emit(TKey key, WindowContext<TWindow> context, in StateList<T> content, Collector<TOut> output) =>
        process.Process(key, context, content.AsSpan().ToArray(), output);

    public override void Clear(TKey key, WindowContext<TWindow> context) => process.Clear(key, context);
}
