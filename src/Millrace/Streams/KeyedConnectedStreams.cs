using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;

namespace Millrace;

/// <summary>
/// Two streams of one key space that go into one operator. Comes from <see cref="KeyedStream{T, TKey}.Connect{TOther}(KeyedStream{TOther, TKey})"/> and
/// <see cref="ConnectedStreams{TFirst, TSecond}.KeyBy"/>.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TFirst">The type of the first stream.</typeparam>
/// <typeparam name="TSecond">The type of the second stream.</typeparam>
public sealed class KeyedConnectedStreams<TKey, TFirst, TSecond>
    where TKey : notnull
{
    private readonly KeyedStream<TFirst, TKey> _first;
    private readonly KeyedStream<TSecond, TKey> _second;

    internal KeyedConnectedStreams(KeyedStream<TFirst, TKey> first, KeyedStream<TSecond, TKey> second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>Turns every record of both streams into exactly one, with a function that may have keyed state.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>clicks.KeyBy(c =&gt; c.User).Connect(visits.KeyBy(v =&gt; v.User)).Map(() =&gt; new CountBoth())</code></example>
    public SingleOutputStream<TOut> Map<TOut>(
        Func<CoMapFunction<TFirst, TSecond, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare(
            "KeyedCoMap",
            () =>
            {
                var function = create();
                return new KeyedCoProcessOperator<TKey, TFirst, TSecond, TOut>(
                    _first.KeySelector,
                    _second.KeySelector,
                    function,
                    (value, _, output) => output.Collect(function.Map1(value)),
                    (value, _, output) => output.Collect(function.Map2(value)),
                    null);
            },
            file,
            line);
    }

    /// <summary>Turns every record of both streams into any number of results, with a function that may have keyed state.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>requests.KeyBy(r =&gt; r.User).Connect(permissions.KeyBy(p =&gt; p.User)).FlatMap(() =&gt; new Allowed())</code></example>
    public SingleOutputStream<TOut> FlatMap<TOut>(
        Func<CoFlatMapFunction<TFirst, TSecond, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare(
            "KeyedCoFlatMap",
            () =>
            {
                var function = create();
                return new KeyedCoProcessOperator<TKey, TFirst, TSecond, TOut>(
                    _first.KeySelector,
                    _second.KeySelector,
                    function,
                    (value, _, output) => function.FlatMap1(value, output),
                    (value, _, output) => function.FlatMap2(value, output),
                    null);
            },
            file,
            line);
    }

    /// <summary>Processes every record of both streams with keyed state, timers and side outputs.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>orders.KeyBy(o =&gt; o.Id).Connect(payments.KeyBy(p =&gt; p.OrderId)).Process(() =&gt; new MatchPayment())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<KeyedCoProcessFunction<TKey, TFirst, TSecond, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare(
            "KeyedCoProcess",
            () =>
            {
                var function = create();
                return new KeyedCoProcessOperator<TKey, TFirst, TSecond, TOut>(
                    _first.KeySelector, _second.KeySelector, function, function.ProcessElement1, function.ProcessElement2, function.OnTimer);
            },
            file,
            line);
    }

    private SingleOutputStream<TOut> Declare<TOut>(string kind, Func<StreamOperator<TOut>> create, string file, int line) => TwoInputs.Declare(
        _first.Stream,
        new HashPartitioning<TFirst, TKey>(_first.KeySelector),
        _second.Stream,
        new HashPartitioning<TSecond, TKey>(_second.KeySelector),
        kind,
        create,
        new SourceLine(file, line));
}
