using System.Text;
using System.Text.Json;

namespace Millrace.Runtime.Graph;

/// <summary>Shows a job graph to people and to tools.</summary>
internal static class GraphPrinter
{
    /// <summary>One line per task, its operators and its inputs below.</summary>
    public static string ToText(JobGraph job)
    {
        var text = new StringBuilder();
        text.Append("Job '").Append(job.Stream.JobName).Append("', ").Append(job.Vertices.Count).Append(" tasks, fingerprint ").Append(job.Fingerprint.AsSpan(0, 12)).Append('\n');
        foreach (var vertex in job.Vertices)
        {
            text.Append("Task ").Append(vertex.Index).Append(": ").Append(vertex.Name).Append("  ×").Append(vertex.Parallelism);
            if (vertex.Head.ParallelismBounds is not null)
            {
                text.Append("  (").Append(job.BoundsOf(vertex)).Append(')');
            }

            if (vertex.IsBlocking)
            {
                text.Append("  (own threads)");
            }

            text.Append('\n');
            foreach (int edge in vertex.Inputs)
            {
                var input = job.Edges[edge];
                text.Append("  from task ").Append(input.Source).Append(" by ").Append(Word(input.Partitioning));
                if (input.Stream.SideOutput is { } side)
                {
                    text.Append(", side output '").Append(side).Append('\'');
                }

                text.Append(" of ").Append(TypeName(input.Stream.RecordType)).Append(input.Stream.Target.IsAggregatedLocally(job.Options) ? ", aggregated locally first\n" : "\n");
            }

            foreach (var node in vertex.Nodes)
            {
                text.Append("  ").Append(node.Kind).Append(" '").Append(node.Name).Append("'  uid ").Append(job.Uids[node]).Append("  at ").Append(node.CallSite).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>The operators and streams as JSON, with the field names of Flink's execution plan.</summary>
    public static string ToJson(JobGraph job)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            var taskOf = job.Vertices.SelectMany(vertex => vertex.Nodes.Select(node => (node, vertex.Index))).ToDictionary(pair => pair.node, pair => pair.Index);
            json.WriteStartObject();
            json.WriteString("name", job.Stream.JobName);
            json.WriteString("fingerprint", job.Fingerprint);
            json.WriteStartArray("nodes");
            foreach (var node in job.Stream.Nodes)
            {
                json.WriteStartObject();
                json.WriteNumber("id", node.Id);
                json.WriteString("type", node.Name);
                json.WriteString("pact", node.Source is not null ? "Data Source" : node.IsSink ? "Data Sink" : "Operator");
                json.WriteString("contents", node.Kind);
                json.WriteNumber("parallelism", job.ParallelismOf(node));
                json.WriteNumber("maxParallelism", job.Stream.MaxParallelismOf(node));
                if (node.ParallelismBounds is { } bounds)
                {
                    json.WriteStartObject("parallelismBounds");
                    json.WriteNumber("min", bounds.Min);
                    json.WriteNumber("max", bounds.Max);
                    json.WriteEndObject();
                }

                json.WriteString("uid", job.Uids[node]);
                json.WriteString("slotSharingGroup", job.Stream.SlotSharingGroupOf(node));
                json.WriteNumber("task", taskOf[node]);
                json.WriteString("callSite", node.CallSite.ToString());
                if (node.Inputs.Count > 0)
                {
                    json.WriteStartArray("predecessors");
                    foreach (var edge in node.Inputs)
                    {
                        json.WriteStartObject();
                        json.WriteNumber("id", edge.Source.Id);
                        json.WriteString("ship_strategy", Word(job.PartitioningOf(edge)).ToUpperInvariant());
                        json.WriteString("side", edge.TargetInput == 0 ? "first" : "second");
                        if (edge.SideOutput is { } side)
                        {
                            json.WriteString("sideOutput", side);
                        }

                        json.WriteString("recordType", TypeName(edge.RecordType));
                        if (edge.Target.IsAggregatedLocally(job.Options))
                        {
                            json.WriteBoolean("aggregatedLocally", true);
                        }

                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>A type's name as C# writes it, without namespaces.</summary>
    public static string TypeName(Type type)
    {
        if (type.IsArray)
        {
            return $"{TypeName(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (!type.IsGenericType)
        {
            return type.Name;
        }

        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        string name = tick < 0 ? type.Name : type.Name[..tick];
        return $"{name}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>";
    }

    private static string Word(PartitioningKind kind) => kind switch
    {
        PartitioningKind.Forward => "forward",
        PartitioningKind.Hash => "hash",
        PartitioningKind.Rebalance => "rebalance",
        PartitioningKind.Broadcast => "broadcast",
        PartitioningKind.Rescale => "rescale",
        PartitioningKind.Shuffle => "shuffle",
        PartitioningKind.Global => "global",
        PartitioningKind.Custom => "custom",
        _ => "default",
    };
}
