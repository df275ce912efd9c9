using Microsoft.Extensions.Logging;
using Millrace.Metrics;
using Millrace.Runtime.Tasks;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>What a function without keys sees of its place in the job.</summary>
/// <param name="context">The operator's place in the job.</param>
/// <param name="isConcurrent">Whether the function runs on several threads.</param>
internal class OperatorRuntimeContext(OperatorContext context, bool isConcurrent = false) : RuntimeContext
{
    public override string JobName => context.JobName;

    public override string OperatorName => context.OperatorName;

    public override string OperatorUid => context.OperatorUid;

    public override int SubtaskIndex => context.SubtaskIndex;

    public override int Parallelism => context.Parallelism;

    public override int MaxParallelism => context.MaxParallelism;

    public override CancellationToken CancellationToken => context.CancellationToken;

    public override TimeProvider TimeProvider => context.TimeProvider;

    public override ILogger Logger => context.Logger;

    public override MetricGroup Metrics { get; } = new OperatorMetricGroup(context, isConcurrent, "", []);

    public override IServiceProvider Services => context.Services.Provider;

    public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor) => throw NotKeyed(descriptor);

    public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => throw NotKeyed(descriptor);

    public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => throw NotKeyed(descriptor);

    public override OperatorStateStore OperatorState => context.OperatorState;

    private InvalidOperationException NotKeyed(StateDescriptor descriptor) =>
        new($"State '{descriptor.Name}' of {context.OperatorName} needs a key. Call KeyBy before this operator.");
}
