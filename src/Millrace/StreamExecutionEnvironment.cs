using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Connectors;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Sources;
using Millrace.Serialization;

namespace Millrace;

/// <summary>Where a program begins: sources are declared here, and the job is run from here, inside this process.</summary>
/// <remarks>Not safe for use by several threads at once. Each environment declares one job.</remarks>
/// <example>
/// <code>
/// var env = new StreamExecutionEnvironment();
/// env.FromSequence(1, 100)
///    .Filter(n =&gt; n % 2 == 0)
///    .Map(n =&gt; n * n)
///    .Print();
/// await env.ExecuteAsync("squares");
/// </code>
/// </example>
public sealed partial class StreamExecutionEnvironment
{
    private readonly List<StreamNode> _nodes = [];

    /// <summary>Creates an environment.</summary>
    /// <param name="options">How the job runs; the defaults where none are given.</param>
    public StreamExecutionEnvironment(ExecutionOptions? options = null)
    {
        Options = options ?? new ExecutionOptions();
    }

    /// <summary>How the job runs. Read when the job is executed.</summary>
    public ExecutionOptions Options { get; }

    /// <summary>The clock of the job. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Where the engine and the functions log. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    /// <summary>What functions take services from (<see cref="RuntimeContext.Services"/>), in a scope for each subtask. Default: <see langword="null"/>, none; <c>AddMillrace</c> sets the application's.</summary>
    public IServiceProvider? Services { get; set; }

    internal SerializerRegistry Serializers { get; } = new();

    /// <summary>Builds a job and runs it to its end inside this process.</summary>
    /// <typeparam name="TJob">The job.</typeparam>
    /// <param name="options">How it runs; the defaults where none are given.</param>
    /// <param name="cancellationToken">Cancels the job.</param>
    /// <returns>How it went.</returns>
    /// <exception cref="GraphException">The graph is wrong; nothing has run.</exception>
    /// <exception cref="JobFailedException">The job failed.</exception>
    /// <exception cref="OperationCanceledException">The job was cancelled.</exception>
    public static Task<JobResult> RunAsync<TJob>(ExecutionOptions? options = null, CancellationToken cancellationToken = default)
        where TJob : IStreamJob, new()
    {
        var env = new StreamExecutionEnvironment(options);
        new TJob().Build(env);
        return env.ExecuteAsync(typeof(TJob).Name, cancellationToken);
    }

    /// <summary>Uses a serializer of one's own for a type, wherever it occurs: in records, in state, as a member of other types.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="serializer">The serializer.</param>
    /// <returns>This environment.</returns>
    public StreamExecutionEnvironment RegisterSerializer<T>(TypeSerializer<T> serializer)
    {
        Serializers.Register(serializer);
        return this;
    }

    /// <summary>A stream from a source.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TSplit">The type of the source's splits.</typeparam>
    /// <typeparam name="TState">The type of the enumerator's state.</typeparam>
    /// <param name="source">The source.</param>
    /// <param name="watermarks">Where event time comes from; <see langword="null"/> for the source's own timestamps and no watermarks.</param>
    /// <param name="name">The operator's name.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream.</returns>
    public SingleOutputStream<T> FromSource<T, TSplit, TState>(
        Source<T, TSplit, TState> source, WatermarkStrategy<T>? watermarks = null, string name = "Source", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TSplit : ISourceSplit
    {
        ArgumentNullException.ThrowIfNull(source);
        var strategy = watermarks ?? WatermarkStrategy<T>.NoWatermarks();
        var node = new StreamNode
        {
            Id = NextId(),
            Kind = "Source",
            CallSite = new SourceLine(file, line),
            OutputType = typeof(T),
            Source = new SourceFactory<T, TSplit, TState>(source),
            CreateOperator = () => new SourceOperator<T, TSplit, TState>(source, strategy),
            Check = _ =>
            {
                source.Validate();
                return [];
            },
        };
        node.Name = name;
        Add(node);
        return new SingleOutputStream<T>(this, node);
    }

    /// <summary>A stream of the records of a collection, in order.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="records">The records; enumerated once, now.</param>
    /// <param name="watermarks">Where event time comes from, if it matters.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream; its source has one subtask, so that the order is kept.</returns>
    public SingleOutputStream<T> FromCollection<T>(
        IEnumerable<T> records, WatermarkStrategy<T>? watermarks = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        FromSource(new CollectionSource<T>(records), watermarks, "Collection", file, line);

    /// <summary>A stream of numbers.</summary>
    /// <param name="from">The first.</param>
    /// <param name="to">The last.</param>
    /// <param name="watermarks">Where event time comes from, if it matters.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream; the numbers are divided over the source's subtasks.</returns>
    public SingleOutputStream<long> FromSequence(
        long from, long to, WatermarkStrategy<long>? watermarks = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        FromSource(new SequenceSource(from, to), watermarks, "Sequence", file, line);

    /// <summary>A stream of made-up records.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="generate">Makes the record of an index; called once per index, from several subtasks.</param>
    /// <param name="count">How many records: indices 0 to count − 1, divided over the source's subtasks.</param>
    /// <param name="recordsPerSecond">The rate of all subtasks together; <see langword="null"/> for as fast as possible.</param>
    /// <param name="watermarks">Where event time comes from, if it matters.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream.</returns>
    public SingleOutputStream<T> FromGenerator<T>(
        Func<long, T> generate,
        long count,
        double? recordsPerSecond = null,
        WatermarkStrategy<T>? watermarks = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        FromSource(new GeneratorSource<T>(generate, count, recordsPerSecond), watermarks, "Generator", file, line);

    /// <summary>The job as it would run: operators fused into tasks, with their parallelism and uids. Runs nothing.</summary>
    /// <param name="jobName">The job's name.</param>
    /// <returns>The plan, as text and as JSON.</returns>
    /// <exception cref="GraphException">The graph is wrong.</exception>
    public JobPlan GetPlan(string jobName = "job") => new(BuildJobGraph(jobName));

    /// <summary>Runs the job inside this process and waits for its end.</summary>
    /// <param name="jobName">The job's name.</param>
    /// <param name="cancellationToken">Cancels the job.</param>
    /// <returns>How it went.</returns>
    /// <exception cref="GraphException">The graph is wrong; nothing has run.</exception>
    /// <exception cref="JobFailedException">The job failed.</exception>
    /// <exception cref="OperationCanceledException">The job was cancelled.</exception>
    public async Task<JobResult> ExecuteAsync(string jobName = "job", CancellationToken cancellationToken = default)
    {
        await using var client = Start(jobName);
        await using (cancellationToken.Register(client.Cancel).ConfigureAwait(false))
        {
            var result = await client.Completion.ConfigureAwait(false);
            if (result.State == JobState.Canceled)
            {
                throw new OperationCanceledException($"Job '{jobName}' was cancelled.", cancellationToken);
            }

            return result;
        }
    }

    /// <summary>Starts the job inside this process and returns at once.</summary>
    /// <param name="jobName">The job's name.</param>
    /// <returns>A handle on the running job; dispose of it when the job has ended.</returns>
    /// <exception cref="GraphException">The graph is wrong; nothing has run.</exception>
    public JobClient Start(string jobName = "job") => JobClient.Start(BuildJobGraph(jobName), this);

    internal JobGraph BuildJobGraph(string jobName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(jobName);
        return JobGraphBuilder.Build(new StreamGraph(jobName, [.. _nodes], Options.Clone()), new SerializerProvider(Serializers));
    }

    internal int NextId() => _nodes.Count + 1;

    internal void Add(StreamNode node) => _nodes.Add(node);
}
