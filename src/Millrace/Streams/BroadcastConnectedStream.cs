using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;

namespace Millrace;

/// <summary>A stream that is connected with a broadcast stream. Comes from <see cref="DataStream{T}.Connect{TBroadcast}(BroadcastStream{TBroadcast})"/>.</summary>
/// <typeparam name="T">The type of the stream.</typeparam>
/// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
public sealed class BroadcastConnectedStream<T, TBroadcast>
{
    private readonly DataStream<T> _stream;
    private readonly BroadcastStream<TBroadcast> _broadcast;

    internal BroadcastConnectedStream(DataStream<T> stream, BroadcastStream<TBroadcast> broadcast)
    {
        _stream = stream;
        _broadcast = broadcast;
    }

    /// <summary>Processes the records of both streams; broadcast state is read with the ones and written with the others.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>prices.Connect(rates.Broadcast(Convert.Rates)).Process(() =&gt; new Convert())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<BroadcastProcessFunction<T, TBroadcast, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        var broadcast = _broadcast;
        return TwoInputs.Declare<T, TBroadcast, TOut>(
            _stream,
            null,
            broadcast.Stream,
            new UnkeyedPartitioning<TBroadcast>(PartitioningKind.Broadcast),
            "BroadcastProcess",
            () => new BroadcastOperator<T, TBroadcast, TOut>(broadcast.States, create()),
            new SourceLine(file, line),
            broadcast.Check);
    }
}

/// <summary>A keyed stream that is connected with a broadcast stream. Comes from <see cref="KeyedStream{T, TKey}.Connect{TBroadcast}(BroadcastStream{TBroadcast})"/>.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the keyed stream.</typeparam>
/// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
public sealed class KeyedBroadcastConnectedStream<TKey, T, TBroadcast>
    where TKey : notnull
{
    private readonly KeyedStream<T, TKey> _stream;
    private readonly BroadcastStream<TBroadcast> _broadcast;

    internal KeyedBroadcastConnectedStream(KeyedStream<T, TKey> stream, BroadcastStream<TBroadcast> broadcast)
    {
        _stream = stream;
        _broadcast = broadcast;
    }

    /// <summary>Processes the records of both streams, with keyed state and timers for the ones and broadcast state that the others write.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>readings.KeyBy(r =&gt; r.Sensor).Connect(limits.Broadcast(Alert.Limits)).Process(() =&gt; new Alert())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<KeyedBroadcastProcessFunction<TKey, T, TBroadcast, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        var (stream, broadcast) = (_stream, _broadcast);
        return TwoInputs.Declare<T, TBroadcast, TOut>(
            stream.Stream,
            new HashPartitioning<T, TKey>(stream.KeySelector),
            broadcast.Stream,
            new UnkeyedPartitioning<TBroadcast>(PartitioningKind.Broadcast),
            "KeyedBroadcastProcess",
            () => new KeyedBroadcastOperator<TKey, T, TBroadcast, TOut>(stream.KeySelector, broadcast.States, create()),
            new SourceLine(file, line),
            broadcast.Check);
    }
}
