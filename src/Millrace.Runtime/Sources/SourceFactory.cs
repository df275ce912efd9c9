using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Sources;

/// <summary>The parts of a source that know its types.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
/// <typeparam name="TState">The enumerator's state.</typeparam>
internal sealed class SourceFactory<T, TSplit, TState>(Source<T, TSplit, TState> source) : SourceFactory
    where TSplit : ISourceSplit
{
    public override int MaxParallelism => source.MaxParallelism;

    public override bool IsBounded => source.Boundedness == Boundedness.Bounded;

    public override SplitCoordinator CreateCoordinator(ITaskScheduler scheduler, string name, int parallelism, Action<Exception> failed, ISerializerProvider? serializers, CoordinatorSnapshot? restored) =>
        new SplitCoordinator<T, TSplit, TState>(scheduler, name, source, parallelism, failed, serializers?.Get<TState>(), restored);

    public override TypeSchema EnumeratorSchema(ISerializerProvider serializers) => serializers.Get<TState>().Schema;

    public override void ReadEnumerator(CoordinatorSnapshot restored, ISerializerProvider serializers, string name) =>
        SplitCoordinator<T, TSplit, TState>.Read(restored, serializers.Get<TState>(), $"{name} enumerator");

    public override IEnumerable<string> CheckSnapshots(ISerializerCheck check)
    {
        if (source.SplitSerializer is null && check.WhyNotSerializable<TSplit>() is { } split)
        {
            yield return $"checkpoints are on, and the source's splits ({typeof(TSplit).Name}) cannot be serialized: {split} Change the type, or give a SplitSerializer.";
        }

        if (check.WhyNotSerializable<TState>() is { } state)
        {
            yield return $"checkpoints are on, and what the source's enumerator remembers ({typeof(TState).Name}) cannot be serialized: {state}";
        }
    }

    public override TaskInput Connect(StreamOperator op, SplitCoordinator coordinator, int subtask)
    {
        var sourceOperator = (SourceOperator<T, TSplit, TState>)op;
        var typed = (SplitCoordinator<T, TSplit, TState>)coordinator;
        sourceOperator.Coordinator = typed;
        typed.Register(subtask, sourceOperator);
        return sourceOperator.CreateInput();
    }

    public override TaskInput ConnectRemote(StreamOperator op, ISplitCoordinator coordinator, ISerializerProvider serializers, out IRemoteReader reader)
    {
        var sourceOperator = (SourceOperator<T, TSplit, TState>)op;
        sourceOperator.Coordinator = coordinator;
        reader = new RemoteSplitReceiver<TSplit>(sourceOperator, source.SplitSerializer ?? serializers.Get<TSplit>());
        return sourceOperator.CreateInput();
    }
}
