using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;

namespace Millrace;

/// <summary>Two streams that go into one operator, which sees the records of both. Comes from <see cref="DataStream{T}.Connect{TOther}(DataStream{TOther})"/>.</summary>
/// <typeparam name="TFirst">The type of the first stream.</typeparam>
/// <typeparam name="TSecond">The type of the second stream.</typeparam>
public sealed class ConnectedStreams<TFirst, TSecond>
{
    private readonly DataStream<TFirst> _first;
    private readonly DataStream<TSecond> _second;

    internal ConnectedStreams(DataStream<TFirst> first, DataStream<TSecond> second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>Divides both streams by key: records of equal keys meet in the same subtask and share keyed state.</summary>
    /// <typeparam name="TKey">The type of the key; needs value equality.</typeparam>
    /// <param name="selectFirst">Gives the key of a record of the first stream.</param>
    /// <param name="selectSecond">Gives the key of a record of the second stream.</param>
    /// <returns>The keyed streams, to be followed by an operator.</returns>
    /// <example><code>orders.Connect(payments).KeyBy(o =&gt; o.Id, p =&gt; p.OrderId)</code></example>
    public KeyedConnectedStreams<TKey, TFirst, TSecond> KeyBy<TKey>(Func<TFirst, TKey> selectFirst, Func<TSecond, TKey> selectSecond)
        where TKey : notnull =>
        new(_first.KeyBy(selectFirst), _second.KeyBy(selectSecond));

    /// <summary>Turns every record of both streams into exactly one.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="map1">Gives the result of a record of the first stream.</param>
    /// <param name="map2">Gives the result of a record of the second stream.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>orders.Connect(payments).Map(order =&gt; order.Id, payment =&gt; payment.OrderId)</code></example>
    public SingleOutputStream<TOut> Map<TOut>(
        Func<TFirst, TOut> map1, Func<TSecond, TOut> map2, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(map1);
        ArgumentNullException.ThrowIfNull(map2);
        return Declare(
            "CoMap",
            () => new CoProcessOperator<TFirst, TSecond, TOut>(null, (value, _, output) => output.Collect(map1(value)), (value, _, output) => output.Collect(map2(value))),
            file,
            line);
    }

    /// <summary>Turns every record of both streams into exactly one, with a function that has a lifecycle.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>orders.Connect(payments).Map(() =&gt; new Describe())</code></example>
    public SingleOutputStream<TOut> Map<TOut>(
        Func<CoMapFunction<TFirst, TSecond, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare(
            "CoMap",
            () =>
            {
                var function = create();
                return new CoProcessOperator<TFirst, TSecond, TOut>(
                    function, (value, _, output) => output.Collect(function.Map1(value)), (value, _, output) => output.Collect(function.Map2(value)));
            },
            file,
            line);
    }

    /// <summary>Turns every record of both streams into any number of results.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="flatMap1">Emits the results of a record of the first stream.</param>
    /// <param name="flatMap2">Emits the results of a record of the second stream.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>lines.Connect(words).FlatMap&lt;string&gt;((line, output) =&gt; Split(line, output), (word, output) =&gt; output.Collect(word))</code></example>
    public SingleOutputStream<TOut> FlatMap<TOut>(
        Action<TFirst, Collector<TOut>> flatMap1, Action<TSecond, Collector<TOut>> flatMap2, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(flatMap1);
        ArgumentNullException.ThrowIfNull(flatMap2);
        return Declare(
            "CoFlatMap",
            () => new CoProcessOperator<TFirst, TSecond, TOut>(null, (value, _, output) => flatMap1(value, output), (value, _, output) => flatMap2(value, output)),
            file,
            line);
    }

    /// <summary>Turns every record of both streams into any number of results, with a function that has a lifecycle.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>lines.Connect(words).FlatMap(() =&gt; new Tokenizer())</code></example>
    public SingleOutputStream<TOut> FlatMap<TOut>(
        Func<CoFlatMapFunction<TFirst, TSecond, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare(
            "CoFlatMap",
            () =>
            {
                var function = create();
                return new CoProcessOperator<TFirst, TSecond, TOut>(
                    function, (value, _, output) => function.FlatMap1(value, output), (value, _, output) => function.FlatMap2(value, output));
            },
            file,
            line);
    }

    /// <summary>Processes every record of both streams with access to timestamps, watermarks and side outputs.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>orders.Connect(control).Process(() =&gt; new Switchable())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<CoProcessFunction<TFirst, TSecond, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Declare(
            "CoProcess",
            () =>
            {
                var function = create();
                return new CoProcessOperator<TFirst, TSecond, TOut>(function, function.ProcessElement1, function.ProcessElement2);
            },
            file,
            line);
    }

    private SingleOutputStream<TOut> Declare<TOut>(string kind, Func<CoProcessOperator<TFirst, TSecond, TOut>> create, string file, int line) =>
        TwoInputs.Declare(_first, null, _second, null, kind, create, new SourceLine(file, line));
}
