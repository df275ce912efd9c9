using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Millrace.Runtime.Graph;

/// <summary>Makes the job graph of a stream graph.</summary>
internal static class JobGraphBuilder
{
    /// <exception cref="GraphException">The graph is wrong.</exception>
    public static JobGraph Build(StreamGraph graph, ISerializerCheck check)
    {
        GraphValidator.Validate(graph, check);
        var uids = OperatorUids.Derive(graph.Nodes);
        var chains = Fuse(graph, out var taskOf);
        var edges = new List<JobEdge>();
        foreach (var edge in graph.Nodes.SelectMany(node => node.Inputs))
        {
            if (!IsChained(edge))
            {
                edges.Add(new JobEdge(edge, graph.Resolve(edge), taskOf[edge.Source], taskOf[edge.Target]));
            }
        }

        var vertices = chains.Select((nodes, index) => new JobVertex(
            index,
            nodes,
            [.. nodes.SelectMany(node => node.Inputs).Where(IsChained)],
            [.. Enumerable.Range(0, edges.Count).Where(edge => edges[edge].Target == index)],
            [.. Enumerable.Range(0, edges.Count).Where(edge => edges[edge].Source == index)],
            graph.ParallelismOf(nodes[0]))).ToList();
        var nodes = Fingerprints(graph, uids);
        return new JobGraph(graph, vertices, edges, uids, Hash($"{graph.Options.OperatorChaining}|{(graph.Options.ConsistentOutput ? "consistent|" : "")}{string.Join('|', nodes.Select(node => node.Hash))}"), nodes);

        bool IsChained(StreamEdge edge) => taskOf[edge.Source] == taskOf[edge.Target];
    }

    private static List<List<StreamNode>> Fuse(StreamGraph graph, out Dictionary<StreamNode, int> taskOf)
    {
        var chains = new List<List<StreamNode>>();
        taskOf = [];
        foreach (var node in graph.Nodes)
        {
            if (node.Inputs is [var only] && CanChain(graph, only))
            {
                int task = taskOf[only.Source];
                chains[task].Add(node);
                taskOf[node] = task;
            }
            else
            {
                taskOf[node] = chains.Count;
                chains.Add([node]);
            }
        }

        return chains;
    }

    private static bool CanChain(StreamGraph graph, StreamEdge edge) =>
        graph.Options.OperatorChaining
        && graph.Resolve(edge) == PartitioningKind.Forward
        && graph.ParallelismOf(edge.Source) == graph.ParallelismOf(edge.Target)
        && edge.Source.ParallelismBounds == edge.Target.ParallelismBounds
        && edge.Source.Chaining != ChainingStrategy.Never
        && edge.Target.Chaining == ChainingStrategy.Always
        && edge.Source.IsBlocking == edge.Target.IsBlocking
        && graph.SlotSharingGroupOf(edge.Source) == graph.SlotSharingGroupOf(edge.Target);

    /// <summary>Hashes what every worker must agree on, operator by operator. Declared parallelism only: the number of processors may differ.</summary>
    private static List<NodeFingerprint> Fingerprints(StreamGraph graph, IReadOnlyDictionary<StreamNode, string> uids)
    {
        var fingerprints = new List<NodeFingerprint>();
        var text = new StringBuilder();
        foreach (var node in graph.Nodes)
        {
            text.Clear();
            Add("node", node.Kind, node.Name, uids[node], node.OutputType, node.Parallelism, graph.MaxParallelismOf(node), node.Chaining, node.IsBlocking, graph.SlotSharingGroupOf(node));
            if (node.ParallelismBounds is { } bounds)
            {
                Add("bounds", bounds.Min, bounds.Max);
            }

            if (node.IsAggregatedLocally(graph.Options))
            {
                Add("local aggregation");
            }

            foreach (var edge in node.Inputs)
            {
                Add("edge", uids[edge.Source], edge.TargetInput, edge.SideOutput, edge.Partitioning, edge.RecordType);
            }

            fingerprints.Add(new NodeFingerprint($"'{node.Name}' (uid {uids[node]})", Hash(text.ToString())));
        }

        return fingerprints;

        // Each with its length: a name with a separator in it must not look like two fields.
        void Add(params ReadOnlySpan<object?> fields)
        {
            foreach (object? field in fields)
            {
                string value = Convert.ToString(field, CultureInfo.InvariantCulture) ?? "";
                text.Append(CultureInfo.InvariantCulture, $"{value.Length}:{value}|");
            }
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
