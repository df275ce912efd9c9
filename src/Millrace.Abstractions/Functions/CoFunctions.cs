namespace Millrace;

/// <summary>Turns every record of two connected streams into exactly one result. Fields, and keyed state where the streams are keyed, are shared by both.</summary>
/// <typeparam name="TFirst">The type of the first stream.</typeparam>
/// <typeparam name="TSecond">The type of the second stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Describe : CoMapFunction&lt;Order, Payment, string&gt;
/// {
///     public override string Map1(Order order) =&gt; $"ordered {order.Item}";
///     public override string Map2(Payment payment) =&gt; $"paid {payment.Amount}";
/// }
/// orders.Connect(payments).Map(() =&gt; new Describe());
/// </code>
/// </example>
public abstract class CoMapFunction<TFirst, TSecond, TOut> : StreamFunction
{
    /// <summary>Turns one record of the first stream into its result.</summary>
    /// <param name="value">The record.</param>
    /// <returns>The result.</returns>
    public abstract TOut Map1(TFirst value);

    /// <summary>Turns one record of the second stream into its result.</summary>
    /// <param name="value">The record.</param>
    /// <returns>The result.</returns>
    public abstract TOut Map2(TSecond value);
}

/// <summary>Turns every record of two connected streams into any number of results. Fields, and keyed state where the streams are keyed, are shared by both.</summary>
/// <typeparam name="TFirst">The type of the first stream.</typeparam>
/// <typeparam name="TSecond">The type of the second stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Allowed : CoFlatMapFunction&lt;Request, Permission, Request&gt;
/// {
///     private ValueState&lt;bool&gt; _allowed = null!;
///     public override void Open(RuntimeContext context) =&gt; _allowed = context.GetState(new ValueStateDescriptor&lt;bool&gt;("allowed"));
///     public override void FlatMap1(Request request, Collector&lt;Request&gt; output) { if (_allowed.Value) output.Collect(request); }
///     public override void FlatMap2(Permission permission, Collector&lt;Request&gt; output) =&gt; _allowed.Value = permission.IsGiven;
/// }
/// requests.Connect(permissions).KeyBy(r =&gt; r.User, p =&gt; p.User).FlatMap(() =&gt; new Allowed());
/// </code>
/// </example>
public abstract class CoFlatMapFunction<TFirst, TSecond, TOut> : StreamFunction
{
    /// <summary>Emits the results of one record of the first stream.</summary>
    /// <param name="value">The record.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void FlatMap1(TFirst value, Collector<TOut> output);

    /// <summary>Emits the results of one record of the second stream.</summary>
    /// <param name="value">The record.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void FlatMap2(TSecond value, Collector<TOut> output);
}
