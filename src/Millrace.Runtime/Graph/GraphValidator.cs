namespace Millrace.Runtime.Graph;

/// <summary>Refuses a wrong graph before anything runs, naming the operator and the place in the program.</summary>
internal static class GraphValidator
{
    /// <exception cref="GraphException">The graph is wrong.</exception>
    public static void Validate(StreamGraph graph, ISerializerCheck check)
    {
        graph.Options.Validate();
        if (graph.Nodes.Count == 0)
        {
            throw new GraphException("MR1002", $"Job '{graph.JobName}' has no operators. Begin with a source, for example env.FromSequence(1, 10), and end with a sink.");
        }

        CheckUids(graph);
        CheckConnected(graph);
        foreach (var node in graph.Nodes)
        {
            CheckParallelism(graph, node);
            foreach (var edge in node.Inputs)
            {
                CheckEdge(graph, edge, check);
            }

            CheckErrorPolicy(graph, node);
            var problems = node.Check?.Invoke(check) ?? [];
            if (graph.Options.Checkpoints.IsEnabled)
            {
                problems = [.. problems, .. node.Source?.CheckSnapshots(check) ?? [], .. node.CheckSnapshots?.Invoke(check) ?? []];
            }

            foreach (string problem in problems)
            {
                throw new GraphException("MR1007", $"Operator {node}: {problem}");
            }
        }
    }

    private static void CheckUids(StreamGraph graph)
    {
        foreach (var group in graph.Nodes.Where(node => node.Uid is not null).GroupBy(node => node.Uid))
        {
            if (group.Count() > 1)
            {
                throw new GraphException(
                    "MR1003", $"Uid '{group.Key}' is used by {string.Join(" and ", group)}. State is found by uid: give each operator one of its own.");
            }
        }
    }

    private static void CheckConnected(StreamGraph graph)
    {
        var leading = new HashSet<StreamNode>();
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            var node = graph.Nodes[i];
            if (node.IsSink || leading.Contains(node))
            {
                leading.UnionWith(node.Inputs.Select(edge => edge.Source));
                continue;
            }

            throw new GraphException(
                "MR1004", $"Operator {node} leads to no sink, so its results would be lost. Add a sink, for example .Print() or .SinkTo(...), or remove the operator.");
        }
    }

    private static void CheckParallelism(StreamGraph graph, StreamNode node)
    {
        int parallelism = graph.ParallelismOf(node);
        int maxParallelism = graph.MaxParallelismOf(node);
        if (maxParallelism is < 1 or > State.KeyGroups.UpperBound)
        {
            throw new GraphException("MR1005", $"Operator {node} has max parallelism {maxParallelism}; it must be between 1 and {State.KeyGroups.UpperBound}.");
        }

        if (parallelism < 1 || parallelism > maxParallelism)
        {
            throw new GraphException(
                "MR1005", $"Operator {node} has parallelism {parallelism}; it must be between 1 and its max parallelism {maxParallelism}. Lower the one or raise the other.");
        }

        if (node.ParallelismBounds is not { } bounds)
        {
            return;
        }

        if (bounds.Max > maxParallelism)
        {
            throw new GraphException("MR1005", $"Operator {node} is to have {bounds} subtasks; it can have {maxParallelism}, its max parallelism. Lower the one or raise the other.");
        }

        if (node.Parallelism is { } declared && bounds.Clamp(declared) != declared)
        {
            throw new GraphException("MR1005", $"Operator {node} has parallelism {declared}, which is not within its bounds of {bounds}. Change the one or the other.");
        }
    }

    /// <summary>Every dead letter has a place, and somebody reads it: none is lost without a word.</summary>
    private static void CheckErrorPolicy(StreamGraph graph, StreamNode node)
    {
        if (node.ErrorPolicy.Routes.Count == 0)
        {
            return;
        }

        var types = node.Source is not null ? [node.OutputType!] : node.Inputs.Select(edge => edge.RecordType).Distinct().ToList();
        foreach (var route in node.ErrorPolicy.Routes)
        {
            if (route.RecordType != typeof(string) && !types.Contains(route.RecordType))
            {
                throw new GraphException(
                    "MR1020",
                    $"Operator {node}: OnError sends dead letters of type DeadLetter<{route.RecordType.Name}> to side output '{route.Id}', but the operator's input is {string.Join(" and ", types.Select(type => type.Name))}. "
                    + $"Give it an OutputTag<DeadLetter<{types[0].Name}>>, or an OutputTag<DeadLetter<string>> for records as text.");
            }

            if (!graph.Nodes.SelectMany(other => other.Inputs).Any(edge => edge.Source == node && edge.SideOutput == route.Id))
            {
                throw new GraphException(
                    "MR1020",
                    $"Operator {node}: OnError sends dead letters to side output '{route.Id}', which nobody reads, so they would be lost. Read them with GetSideOutput on the operator's stream, or use ErrorPolicy.Skip.");
            }
        }

        foreach (var type in types.Where(type => !node.ErrorPolicy.Routes.Any(route => route.RecordType == type || route.RecordType == typeof(string))))
        {
            throw new GraphException(
                "MR1020",
                $"Operator {node}: OnError has no side output for the dead letters of the input of type {type.Name}. Give ErrorPolicy.ToSideOutput a tag for each input, or one OutputTag<DeadLetter<string>> for records as text.");
        }
    }

    private static void CheckEdge(StreamGraph graph, StreamEdge edge, ISerializerCheck check)
    {
        if (edge.Partitioning == PartitioningKind.Forward && graph.ParallelismOf(edge.Source) != graph.ParallelismOf(edge.Target))
        {
            throw new GraphException(
                "MR1006",
                $"Forward from {edge.Source} with parallelism {graph.ParallelismOf(edge.Source)} to {edge.Target} with {graph.ParallelismOf(edge.Target)}: "
                + "forward needs the same parallelism on both sides. Make them equal, or use Rebalance.");
        }

        if (edge.Partitioning == PartitioningKind.Forward && edge.Source.ParallelismBounds != edge.Target.ParallelismBounds)
        {
            throw new GraphException(
                "MR1006",
                $"Forward from {edge.Source} with {Bounds(edge.Source)} to {edge.Target} with {Bounds(edge.Target)}: forward needs the same parallelism on both sides, whatever that of the job is. Give them the same bounds, or use Rebalance.");
        }

        foreach (string problem in edge.Check(check))
        {
            throw new GraphException("MR1007", $"Stream from {edge.Source} to {edge.Target}: {problem}");
        }
    }

    private static string Bounds(StreamNode node) => node.ParallelismBounds is { } bounds ? $"{bounds} subtasks" : "no bounds of its parallelism";
}
