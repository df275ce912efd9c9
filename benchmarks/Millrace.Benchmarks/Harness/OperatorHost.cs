using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;

namespace Millrace.Benchmarks.Harness;

/// <summary>Sets single operators up without a job, to be driven on the caller's thread.</summary>
internal static class OperatorHost
{
    /// <summary>Gives an operator its place; the caller connects and opens it.</summary>
    public static T Prepare<T>(T op)
        where T : StreamOperator
    {
        op.Setup(new OperatorContext
        {
            JobName = "benchmark",
            OperatorName = typeof(T).Name,
            OperatorUid = "benchmark",
            NodeId = 1,
            SubtaskIndex = 0,
            Parallelism = 1,
            MaxParallelism = 128,
            Options = new ExecutionOptions { Parallelism = 1, BatchSize = Feed<int>.BatchSize },
            TimeProvider = TimeProvider.System,
            Logger = NullLogger.Instance,
            CancellationToken = CancellationToken.None,
            Serializers = new SerializerProvider(new SerializerRegistry()),
            Pressure = new TaskPressure(),
            Metrics = new OperatorMetrics(),
            Mailbox = new Mailbox(new Nobody()),
            Latency = new LatencyStatistics(),
        });
        return op;
    }

    /// <summary>Sets up and opens an operator whose results are counted and thrown away.</summary>
    public static T Open<T, TOut>(T op, Counter<TOut> counter)
        where T : StreamOperator<TOut>
    {
        Prepare(op).Output.Connect(counter);
        op.Open();
        return op;
    }

    /// <summary>Takes mail and never reads it.</summary>
    private sealed class Nobody() : Actor(new NoScheduler(), ActorPlacement.Shared)
    {
        public override string Description => "nobody";

        protected override RunResult Run() => RunResult.Wait;
    }

    private sealed class NoScheduler : ITaskScheduler
    {
        public TimeProvider TimeProvider => TimeProvider.System;

        public void Enqueue(Actor actor)
        {
        }

        public void Cancel(CancellationTokenSource source) => source.Cancel();

        public void Abandon(Actor actor)
        {
        }

        public void RunInBackground(string description, Action work, Action<Exception?> done)
        {
            work();
            done(null);
        }

        public string CaptureStack(Actor actor) => "";
    }
}

/// <summary>Counts records and gives their batches back.</summary>
internal sealed class Counter<T> : IReceiver<T>
{
    public long Count { get; private set; }

    public void Receive(RecordBatch<T> batch)
    {
        Count += batch.Count;
        BatchPool<T>.Return(batch);
    }

    public void Control(in ControlElement element)
    {
    }
}
