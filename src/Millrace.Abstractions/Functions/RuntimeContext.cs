using Microsoft.Extensions.Logging;
using Millrace.Metrics;
using Millrace.State;

namespace Millrace;

/// <summary>A function's place in the running job, and its access to state.</summary>
/// <remarks>Belongs to one subtask: use it only from inside the function.</remarks>
public abstract class RuntimeContext
{
    private protected RuntimeContext()
    {
    }

    /// <summary>The job's name.</summary>
    public abstract string JobName { get; }

    /// <summary>The operator's name, as given with <c>Name</c> or made by the engine.</summary>
    public abstract string OperatorName { get; }

    /// <summary>The operator's uid, under which its state is found again.</summary>
    public abstract string OperatorUid { get; }

    /// <summary>Which of the operator's subtasks this is: 0 to <see cref="Parallelism"/> − 1.</summary>
    public abstract int SubtaskIndex { get; }

    /// <summary>How many subtasks the operator has.</summary>
    public abstract int Parallelism { get; }

    /// <summary>How many key groups the operator's keys are divided into: the bound of its parallelism, now and ever.</summary>
    public abstract int MaxParallelism { get; }

    /// <summary>Cancelled when the subtask is being cancelled. A function that runs long should look at it.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>The clock of the job.</summary>
    public abstract TimeProvider TimeProvider { get; }

    /// <summary>A logger for the function.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>Makes metrics of the function's own, which are published beside the engine's with the tags of the operator and subtask.</summary>
    /// <example><code>public override void Open(RuntimeContext context) =&gt; _rejected = context.Metrics.Counter("rejected");</code></example>
    public abstract MetricGroup Metrics { get; }

    /// <summary>
    /// The application's services, in a scope that lives as long as the subtask in its present attempt: made when it is first asked for, disposed (asynchronously too) when all functions of the
    /// subtask are closed. What is scoped is shared by the functions that run in one subtask, and by nobody else. After a restart there is a new scope.
    /// </summary>
    /// <exception cref="InvalidOperationException">The job is not hosted with <c>AddMillrace</c>, and <c>StreamExecutionEnvironment.Services</c> is not set.</exception>
    /// <exception cref="ObjectDisposedException">The subtask has ended.</exception>
    /// <example><code>public override void Open(RuntimeContext context) =&gt; _rates = context.Services.GetRequiredService&lt;ExchangeRates&gt;();</code></example>
    public abstract IServiceProvider Services { get; }

    /// <summary>One value per key.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="descriptor">Names the state within the operator and types it.</param>
    /// <returns>A handle that always speaks of the key that is being processed.</returns>
    /// <exception cref="InvalidOperationException">The stream has no key, or the name is taken by a state of another type.</exception>
    public abstract ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor);

    /// <summary>A list per key.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">Names the state within the operator and types it.</param>
    /// <returns>A handle that always speaks of the key that is being processed.</returns>
    /// <exception cref="InvalidOperationException">The stream has no key, or the name is taken by a state of another type.</exception>
    public abstract ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor);

    /// <summary>A map per key.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">Names the state within the operator and types it.</param>
    /// <returns>A handle that always speaks of the key that is being processed.</returns>
    /// <exception cref="InvalidOperationException">The stream has no key, or the name is taken by a state of another type.</exception>
    public abstract MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;

    /// <summary>One value per key, into which all values that are added are combined.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="descriptor">Names the state within the operator, types it and says how values are combined.</param>
    /// <returns>A handle that always speaks of the key that is being processed.</returns>
    /// <exception cref="InvalidOperationException">The stream has no key, or the name is taken by a state of another type.</exception>
    public ReducingState<T> GetReducingState<T>(ReducingStateDescriptor<T> descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return new ReducingState<T>(GetState(new ValueStateDescriptor<T>(descriptor.Name) { Ttl = descriptor.Ttl }), descriptor.Reduce);
    }

    /// <summary>One accumulator per key, into which all values that are added are folded.</summary>
    /// <typeparam name="TIn">The type of what is added.</typeparam>
    /// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
    /// <typeparam name="TOut">The type of the result.</typeparam>
    /// <param name="descriptor">Names the state within the operator, types it and says how values are folded.</param>
    /// <returns>A handle that always speaks of the key that is being processed.</returns>
    /// <exception cref="InvalidOperationException">The stream has no key, or the name is taken by a state of another type.</exception>
    public AggregatingState<TIn, TAccumulator, TOut> GetAggregatingState<TIn, TAccumulator, TOut>(AggregatingStateDescriptor<TIn, TAccumulator, TOut> descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return new AggregatingState<TIn, TAccumulator, TOut>(GetState(new ValueStateDescriptor<TAccumulator>(descriptor.Name) { Ttl = descriptor.Ttl }), descriptor.Function);
    }

    /// <summary>State of the subtask that belongs to no key. Ask for it in <c>Open</c>; a function that fills it implements <see cref="ICheckpointedFunction"/>.</summary>
    public abstract OperatorStateStore OperatorState { get; }
}
