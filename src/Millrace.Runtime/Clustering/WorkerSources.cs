using System.Collections.Concurrent;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Message = Millrace.Runtime.Clustering.ControlMessage;

namespace Millrace.Runtime.Clustering;

/// <summary>The readers of a deployment on this worker, and their enumerators, which live with the coordinator.</summary>
/// <param name="graph">The job.</param>
/// <param name="attempt">The attempt.</param>
/// <param name="serializers">Gives serializers of splits.</param>
/// <param name="link">The connection to the coordinator.</param>
internal sealed class WorkerSources(JobGraph graph, int attempt, ISerializerProvider serializers, ControlLink link) : ISourceConnector
{
    private readonly ConcurrentDictionary<SubtaskId, IRemoteReader> _readers = new();

    public TaskInput Connect(StreamNode node, StreamOperator op, int subtask)
    {
        var id = new SubtaskId(graph.Vertices.First(vertex => vertex.Head == node).Index, subtask);
        var input = node.Source!.ConnectRemote(op, new Enumerator(id.Vertex, attempt, link), serializers, out var reader);

        // In this order: what is said to it finds it.
        _readers[id] = reader;
        link.Send(new Message.ReaderConnected(id, attempt));
        return input;
    }

    /// <summary>Hands on what an enumerator says.</summary>
    /// <exception cref="InvalidDataException">A split cannot be read.</exception>
    public void Tell(Message.Order order)
    {
        if (!_readers.TryGetValue(order.Subtask, out var reader))
        {
            return;
        }

        switch (order)
        {
            case Message.AddSplits add:
                reader.AddSplits(add.Splits);
                break;
            case Message.NoMoreSplits:
                reader.NoMoreSplits();
                break;
            case Message.AlignTo align:
                reader.AlignTo(align.Watermark);
                break;
            case Message.TriggerReader trigger:
                reader.TriggerCheckpoint(trigger.Barrier);
                break;
        }
    }

    private sealed class Enumerator(int vertex, int attempt, ControlLink link) : ISplitCoordinator
    {
        public void ReaderStarted(int subtask) => link.Send(new Message.ReaderStarted(new SubtaskId(vertex, subtask), attempt));

        public void RequestSplit(int subtask) => link.Send(new Message.RequestSplit(new SubtaskId(vertex, subtask), attempt));

        public void ReportWatermark(int subtask, string group, long watermark) => link.Send(new Message.ReportWatermark(new SubtaskId(vertex, subtask), attempt, group, watermark));
    }
}
