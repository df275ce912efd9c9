using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>A function over two connected streams of one key space.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TFirst">The type of the first input.</typeparam>
/// <typeparam name="TSecond">The type of the second input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="selectFirst">Gives the key of a record of the first input.</param>
/// <param name="selectSecond">Gives the key of a record of the second input.</param>
/// <param name="function">The function that is opened and closed.</param>
/// <param name="first">Processes a record of the first input.</param>
/// <param name="second">Processes a record of the second input.</param>
/// <param name="onTimer">Processes a timer; <see langword="null"/> where the function has none.</param>
internal sealed class KeyedCoProcessOperator<TKey, TFirst, TSecond, TOut>(
    Func<TFirst, TKey> selectFirst,
    Func<TSecond, TKey> selectSecond,
    StreamFunction function,
    Action<TFirst, KeyedProcessContext<TKey>, Collector<TOut>> first,
    Action<TSecond, KeyedProcessContext<TKey>, Collector<TOut>> second,
    Action<long, KeyedTimerContext<TKey>, Collector<TOut>>? onTimer)
    : KeyedTwoInputOperator<TKey, TFirst, TSecond, TOut>(selectFirst, selectSecond, function)
    where TKey : notnull
{
    private TimerContext _context = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _context = new TimerContext(this);
    }

    protected override void ProcessFirst(TFirst value) => first(value, _context, Collector);

    protected override void ProcessSecond(TSecond value) => second(value, _context, Collector);

    protected override void OnTimer(long timestamp) => onTimer?.Invoke(timestamp, _context, Collector);
}
