using System.Diagnostics.CodeAnalysis;

namespace Millrace.State;

/// <summary>Describes an <see cref="AggregatingState{TIn, TAccumulator, TOut}"/>.</summary>
/// <typeparam name="TIn">The type of what is added.</typeparam>
/// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
/// <typeparam name="TOut">The type of the result.</typeparam>
/// <param name="name">The name, unique within the operator.</param>
/// <param name="function">Folds values into the accumulator. It is not opened: it must need nothing of its place in the job.</param>
public sealed class AggregatingStateDescriptor<TIn, TAccumulator, TOut>(string name, AggregateFunction<TIn, TAccumulator, TOut> function) : StateDescriptor(name)
{
    /// <summary>Folds values into the accumulator.</summary>
    public AggregateFunction<TIn, TAccumulator, TOut> Function { get; } = function ?? throw new ArgumentNullException(nameof(function));
}

/// <summary>One accumulator per key, of all values that were added. The handle always speaks of the key that is being processed.</summary>
/// <typeparam name="TIn">The type of what is added.</typeparam>
/// <typeparam name="TAccumulator">The type of the accumulator; a struct is changed where it lies.</typeparam>
/// <typeparam name="TOut">The type of the result.</typeparam>
/// <remarks>In a snapshot it is a value like that of a <see cref="ValueState{T}"/> of accumulators of the same name: a program may go from one to the other.</remarks>
/// <example><code>_mean = context.GetAggregatingState(new AggregatingStateDescriptor&lt;Trade, Mean, double&gt;("mean", new Average()));</code></example>
public sealed class AggregatingState<TIn, TAccumulator, TOut>
{
    private readonly ValueState<TAccumulator> _state;
    private readonly AggregateFunction<TIn, TAccumulator, TOut> _function;

    internal AggregatingState(ValueState<TAccumulator> state, AggregateFunction<TIn, TAccumulator, TOut> function)
    {
        _state = state;
        _function = function;
    }

    /// <summary>Whether anything was added for the current key.</summary>
    public bool Exists => _state.Exists;

    /// <summary>Adds a value.</summary>
    /// <param name="value">The value.</param>
    public void Add(TIn value)
    {
        if (!_state.Exists)
        {
            _state.Value = _function.CreateAccumulator();
        }

        _function.Add(ref _state.GetOrAdd(), value);
    }

    /// <summary>The result of what was added for the current key.</summary>
    /// <param name="result">The result, or <see langword="default"/>.</param>
    /// <returns>Whether anything was added.</returns>
    public bool TryGet([MaybeNullWhen(false)] out TOut result)
    {
        if (!_state.TryGet(out var accumulator))
        {
            result = default;
            return false;
        }

        result = _function.GetResult(in accumulator);
        return true;
    }

    /// <summary>Removes what was added for the current key. Does nothing when nothing was.</summary>
    public void Clear() => _state.Clear();
}
