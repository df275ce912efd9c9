using System.Runtime.CompilerServices;
using Millrace.Connectors;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Windowing.Local;

namespace Millrace;

/// <summary>A stream of records. Declares what happens to them; nothing runs before the job is executed.</summary>
/// <typeparam name="T">The type of the records. They are immutable once they are in a stream.</typeparam>
public partial class DataStream<T>
{
    private readonly IReadOnlyList<Origin> _origins;

    internal DataStream(StreamExecutionEnvironment environment, IReadOnlyList<Origin> origins)
    {
        Environment = environment;
        _origins = origins;
    }

    internal StreamExecutionEnvironment Environment { get; }

    /// <summary>Turns every record into exactly one.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="map">Gives the result of a record.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>orders.Map(order =&gt; order.Total)</code></example>
    public SingleOutputStream<TOut> Map<TOut>(Func<T, TOut> map, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(map);
        return Transform<TOut>("Map", () => new MapOperator<T, TOut>(map, null), file, line);
    }

    /// <summary>Turns every record into exactly one, with a function that gets the record by reference: for large structs.</summary>
    /// <inheritdoc cref="Map{TOut}(Func{T, TOut}, string, int)"/>
    /// <example><code>readings.Map((in reading) =&gt; reading.Temperature)</code></example>
    public SingleOutputStream<TOut> Map<TOut>(InFunc<T, TOut> map, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(map);
        return Transform<TOut>("Map", () => new MapOperator<T, TOut>(null, null, map), file, line);
    }

    /// <summary>Turns every record into exactly one, with a function that has a lifecycle.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>orders.Map(() =&gt; new EnrichOrder())</code></example>
    public SingleOutputStream<TOut> Map<TOut>(Func<MapFunction<T, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<TOut>(
            "Map",
            () =>
            {
                var function = create();
                return new MapOperator<T, TOut>(function.Map, function);
            },
            file,
            line);
    }

    /// <summary>Turns every record into any number of results.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="flatMap">Emits the results of a record into the collector.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>lines.FlatMap&lt;string&gt;((line, output) =&gt; { foreach (var word in line.Split(' ')) output.Collect(word); })</code></example>
    public SingleOutputStream<TOut> FlatMap<TOut>(Action<T, Collector<TOut>> flatMap, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(flatMap);
        return Transform<TOut>("FlatMap", () => new FlatMapOperator<T, TOut>(flatMap, null), file, line);
    }

    /// <summary>Turns every record into any number of results, with a function that gets the record by reference: for large structs.</summary>
    /// <inheritdoc cref="FlatMap{TOut}(Action{T, Collector{TOut}}, string, int)"/>
    /// <example><code>readings.FlatMap&lt;double&gt;((in reading, output) =&gt; { if (reading.IsValid) output.Collect(reading.Temperature); })</code></example>
    public SingleOutputStream<TOut> FlatMap<TOut>(InAction<T, Collector<TOut>> flatMap, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(flatMap);
        return Transform<TOut>("FlatMap", () => new FlatMapOperator<T, TOut>(null, null, flatMap), file, line);
    }

    /// <summary>Turns every record into any number of results, with a function that has a lifecycle.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>lines.FlatMap(() =&gt; new Tokenizer())</code></example>
    public SingleOutputStream<TOut> FlatMap<TOut>(Func<FlatMapFunction<T, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<TOut>(
            "FlatMap",
            () =>
            {
                var function = create();
                return new FlatMapOperator<T, TOut>(function.FlatMap, function);
            },
            file,
            line);
    }

    /// <summary>Keeps some records and drops the others.</summary>
    /// <param name="predicate">Whether a record stays.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of those that stay.</returns>
    /// <example><code>orders.Filter(order =&gt; order.Total &gt; 100)</code></example>
    public SingleOutputStream<T> Filter(Func<T, bool> predicate, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Transform<T>("Filter", () => new FilterOperator<T>(predicate, null), file, line);
    }

    /// <summary>Keeps some records and drops the others, with a function that gets the record by reference: for large structs.</summary>
    /// <inheritdoc cref="Filter(Func{T, bool}, string, int)"/>
    /// <example><code>readings.Filter((in reading) =&gt; reading.IsValid)</code></example>
    public SingleOutputStream<T> Filter(InFunc<T, bool> predicate, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Transform<T>("Filter", () => new FilterOperator<T>(null, null, predicate), file, line);
    }

    /// <summary>Keeps some records and drops the others, with a function that has a lifecycle.</summary>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of those that stay.</returns>
    /// <example><code>orders.Filter(() =&gt; new KnownCustomers())</code></example>
    public SingleOutputStream<T> Filter(Func<FilterFunction<T>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<T>(
            "Filter",
            () =>
            {
                var function = create();
                return new FilterOperator<T>(function.Filter, function);
            },
            file,
            line);
    }

    /// <summary>Processes every record with access to timestamps, watermarks and side outputs.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>readings.Process(() =&gt; new Validate())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(Func<ProcessFunction<T, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<TOut>("Process", () => new ProcessOperator<T, TOut>(create()), file, line);
    }

    /// <summary>Gives the records timestamps and watermarks, in place of those they had.</summary>
    /// <param name="strategy">Where event time comes from.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream with its new event time.</returns>
    /// <example><code>events.AssignTimestampsAndWatermarks(WatermarkStrategy&lt;Event&gt;.ForMonotonousTimestamps().WithTimestampAssigner(e =&gt; e.At))</code></example>
    public SingleOutputStream<T> AssignTimestampsAndWatermarks(WatermarkStrategy<T> strategy, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        if (strategy.Alignment is not null)
        {
            throw new ArgumentException("Only a source can wait for others: give the strategy with WithWatermarkAlignment to FromSource.", nameof(strategy));
        }

        return Transform<T>("Watermarks", () => new WatermarkOperator<T>(strategy), file, line);
    }

    /// <summary>All records of this stream and of others. A stream united with itself has every record twice.</summary>
    /// <param name="others">Streams of the same type.</param>
    /// <returns>The united stream; its watermark is the least of theirs.</returns>
    /// <example><code>european.Union(american, asian)</code></example>
    public DataStream<T> Union(params ReadOnlySpan<DataStream<T>> others)
    {
        var origins = new List<Origin>(_origins);
        foreach (var other in others)
        {
            ArgumentNullException.ThrowIfNull(other, nameof(others));
            if (other.Environment != Environment)
            {
                throw new ArgumentException("The streams belong to different environments; a job is declared in one.", nameof(others));
            }

            origins.AddRange(other._origins);
        }

        return new DataStream<T>(Environment, origins);
    }

    /// <summary>Divides the stream by key: what follows sees the records of a key in one place, and keeps state for each.</summary>
    /// <typeparam name="TKey">The type of the key; needs value equality.</typeparam>
    /// <param name="selectKey">Gives a record's key; always the same for the same record.</param>
    /// <returns>The keyed stream.</returns>
    /// <example><code>orders.KeyBy(order =&gt; order.CustomerId)</code></example>
    public KeyedStream<T, TKey> KeyBy<TKey>(Func<T, TKey> selectKey)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(selectKey);
        return new KeyedStream<T, TKey>(this, selectKey);
    }

    /// <summary>Sends records to the next operator's subtask of the same index. Needs the same parallelism on both sides.</summary>
    /// <returns>The stream, to be followed by an operator.</returns>
    /// <example><code>readings.Forward().Map(Convert)</code></example>
    public DataStream<T> Forward() => Partition(PartitioningKind.Forward);

    /// <summary>Spreads records evenly over the next operator's subtasks.</summary>
    /// <returns>The stream, to be followed by an operator.</returns>
    /// <example><code>lines.Rebalance().Map(line =&gt; Parse(line)).Parallelism(8)</code></example>
    public DataStream<T> Rebalance() => Partition(PartitioningKind.Rebalance);

    /// <summary>Sends every record to all of the next operator's subtasks.</summary>
    /// <returns>The stream, to be followed by an operator.</returns>
    /// <example><code>rules.Broadcast().Process(() =&gt; new KeepRules())</code></example>
    public DataStream<T> Broadcast() => Partition(PartitioningKind.Broadcast);

    /// <summary>Sends records of the same hash key to the same subtask of the next operator, which has no key by that.</summary>
    /// <typeparam name="TKey">The type of the key; needs value equality.</typeparam>
    /// <param name="selectKey">Gives a record's key.</param>
    /// <returns>The stream, to be followed by an operator.</returns>
    /// <example><code>pages.Hash(page =&gt; page.Host).Map(() =&gt; new FetchPolitely())</code></example>
    public DataStream<T> Hash<TKey>(Func<T, TKey> selectKey)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(selectKey);
        return Partition(new HashPartitioning<T, TKey>(selectKey, isSelectedAgain: false));
    }

    /// <summary>Ends the stream in a sink.</summary>
    /// <param name="sink">The sink.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The sink, to be named.</returns>
    /// <example><code>orders.SinkTo(new CallbackSink&lt;Order&gt;(Show)).Name("show")</code></example>
    public StreamSink SinkTo(Sink<T> sink, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(sink);
        return AddSink(sink, () => new SinkOperator<T>(sink), file, line);
    }

    /// <summary>Ends the stream in a sink with transactions.</summary>
    /// <typeparam name="TCommittable">What identifies a prepared transaction.</typeparam>
    /// <param name="sink">The sink.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The sink, to be named.</returns>
    /// <example><code>orders.SinkTo(new FileSink&lt;Order&gt;("out/orders", JsonFormat.Lines&lt;Order&gt;()))</code></example>
    public StreamSink SinkTo<TCommittable>(CommittingSink<T, TCommittable> sink, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(sink);
        return AddSink(sink, () => new CommittingSinkOperator<T, TCommittable>(sink), file, line, CheckCommittables);

        IEnumerable<string> CheckCommittables(ISerializerCheck check)
        {
            if (sink.CommittableSerializer is null && check.WhyNotSerializable<TCommittable>() is { } problem)
            {
                yield return $"checkpoints are on, and the sink's committables ({typeof(TCommittable).Name}) cannot be serialized: {problem} Change the type, or give a CommittableSerializer.";
            }
        }
    }

    /// <summary>Prints every record on the console.</summary>
    /// <param name="prefix">Put before every line.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The sink, to be named.</returns>
    /// <example><code>orders.Print("order")</code></example>
    public StreamSink Print(string? prefix = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SinkTo(new PrintSink<T>(prefix), file, line).Name("Print");

    /// <summary>Calls a function for every record.</summary>
    /// <param name="callback">The function; called from several subtasks at once unless the sink's parallelism is 1.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The sink, to be named.</returns>
    /// <example><code>orders.ForEach(order =&gt; Console.WriteLine(order.Id)).Parallelism(1)</code></example>
    public StreamSink ForEach(Action<T> callback, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SinkTo(new CallbackSink<T>(callback), file, line).Name("ForEach");

    /// <summary>Reads every record and throws it away.</summary>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The sink, to be named.</returns>
    public StreamSink Discard([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SinkTo(new DiscardSink<T>(), file, line).Name("Discard");

    /// <summary>Runs the job inside this process and gives the records of this stream as they come.</summary>
    /// <param name="jobName">The job's name.</param>
    /// <param name="cancellationToken">Cancels the job.</param>
    /// <returns>The records. To stop enumerating is to cancel the job; a slow consumer slows the job down.</returns>
    /// <exception cref="GraphException">The graph is wrong; nothing has run.</exception>
    /// <exception cref="JobFailedException">The job failed.</exception>
    /// <example><code>await foreach (var order in large.ExecuteAndCollectAsync("large orders")) Show(order);</code></example>
    public async IAsyncEnumerable<T> ExecuteAndCollectAsync(string jobName = "job", [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var sink = new CollectSink<T> { CompletesWithWriters = false };
        SinkTo(sink, "", 0).Name("Collect");
        await using var client = Environment.Start(jobName);
        await using (cancellationToken.Register(client.Cancel).ConfigureAwait(false))
        {
            // Complete as well when the job ends before its sinks have been opened.
            var ended = client.Completion.ContinueWith(_ => sink.Complete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

            // Left early, the results that wait are not dropped: the source would run unthrottled until the cancellation has arrived. Disposing of
            // the client cancels the job, and with it the write that waits for room.
            await foreach (var record in sink.ReadWithoutAbandoningAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return record;
                cancellationToken.ThrowIfCancellationRequested();
            }

            await ended.ConfigureAwait(false);
            await client.Completion.ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    internal SingleOutputStream<TOut> Transform<TOut>(
        string kind,
        Func<StreamOperator<TOut>> create,
        string file,
        int line,
        Partitioning<T>? partitioning = null,
        Func<ISerializerCheck, IEnumerable<string>>? check = null,
        Func<StreamOperator<TOut>>? createConsistent = null,
        LocalAggregation? local = null)
    {
        var node = new StreamNode
        {
            Id = Environment.NextId(),
            Kind = kind,
            CallSite = new SourceLine(file, line),
            OutputType = typeof(TOut),
            CreateOperator = create,
            CreateConsistentOperator = createConsistent,
            LocalAggregation = local,
            Check = check,
        };
        Connect(node, partitioning);
        return new SingleOutputStream<TOut>(Environment, node);
    }

    private StreamSink AddSink(Sink<T> sink, Func<StreamOperator> create, string file, int line, Func<ISerializerCheck, IEnumerable<string>>? checkSnapshots = null)
    {
        var node = new StreamNode
        {
            Id = Environment.NextId(),
            Kind = "Sink",
            CallSite = new SourceLine(file, line),
            OutputType = null,
            IsSink = true,
            CreateOperator = create,
            Check = _ =>
            {
                sink.Validate(Environment.Options);
                return [];
            },
            CheckSnapshots = checkSnapshots,
        };
        Connect(node, null);
        return new StreamSink(Environment, node);
    }

    private void Connect(StreamNode node, Partitioning<T>? partitioning)
    {
        foreach (var origin in _origins)
        {
            node.Inputs.Add(new StreamEdge<T>(origin.Node, origin.SideOutput, node, 0, partitioning ?? origin.Partitioning));
        }

        Environment.Add(node);
    }

    private DataStream<T> Partition(PartitioningKind kind) => Partition(new UnkeyedPartitioning<T>(kind));

    private DataStream<T> Partition(Partitioning<T> partitioning) =>
        new(Environment, [.. _origins.Select(origin => origin with { Partitioning = partitioning })]);

    /// <summary>Where records of a stream come from.</summary>
    internal sealed record Origin(StreamNode Node, OutputTag<T>? SideOutput, Partitioning<T> Partitioning);
}
