using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>A task as the coordinators see it.</summary>
/// <param name="Parallelism">How many subtasks.</param>
/// <param name="IsSource">Whether it reads from outside.</param>
/// <param name="Inputs">Where its records come from.</param>
internal sealed record JobTask(int Parallelism, bool IsSource, IReadOnlyList<JobTaskInput> Inputs);

/// <summary>A stream that leads to a task.</summary>
/// <param name="Producer">The producing task, by its place.</param>
/// <param name="Partitioning">How records are dealt out: it says which subtasks have a channel between them.</param>
internal readonly record struct JobTaskInput(int Producer, PartitioningKind Partitioning);

/// <summary>Subtasks and who sends to whom: all that coordinators need to know of a job graph. Immutable.</summary>
internal sealed class JobTopology
{
    private readonly IReadOnlyList<JobTask> _tasks;

    public JobTopology(IReadOnlyList<JobTask> tasks)
    {
        _tasks = tasks;
        Subtasks = [.. tasks.SelectMany((task, vertex) => Enumerable.Range(0, task.Parallelism).Select(index => new SubtaskId(vertex, index)))];
        Sources = [.. Subtasks.Where(subtask => tasks[subtask.Vertex].IsSource)];
        Regions = FindRegions();
    }

    /// <summary>All subtasks, in the order of tasks.</summary>
    public IReadOnlyList<SubtaskId> Subtasks { get; }

    public IReadOnlyList<SubtaskId> Sources { get; }

    /// <summary>What fails and restarts together: subtasks that are connected by channels. In the order of their first subtasks.</summary>
    public IReadOnlyList<IReadOnlyList<SubtaskId>> Regions { get; }

    public static JobTopology Of(JobGraph job) => new([.. job.Vertices.Select(vertex => new JobTask(
        vertex.Parallelism,
        vertex.Head.Source is not null,
        [.. vertex.Inputs.Select(index => new JobTaskInput(job.Edges[index].Source, job.Edges[index].Partitioning))]))]);

    public bool IsSource(SubtaskId subtask) => _tasks[subtask.Vertex].IsSource;

    /// <summary>The subtasks that a subtask has channels from.</summary>
    public IEnumerable<SubtaskId> ProducersOf(SubtaskId subtask)
    {
        foreach (var input in _tasks[subtask.Vertex].Inputs)
        {
            int producers = _tasks[input.Producer].Parallelism;
            for (int index = 0; index < producers; index++)
            {
                if (input.Partitioning.Connects(index, producers, subtask.Index, _tasks[subtask.Vertex].Parallelism))
                {
                    yield return new SubtaskId(input.Producer, index);
                }
            }
        }
    }

    private List<IReadOnlyList<SubtaskId>> FindRegions()
    {
        var parents = Subtasks.ToDictionary(subtask => subtask, subtask => subtask);
        foreach (var subtask in Subtasks)
        {
            foreach (var producer in ProducersOf(subtask))
            {
                parents[Root(producer)] = Root(subtask);
            }
        }

        return [.. Subtasks.GroupBy(Root).Select(region => (IReadOnlyList<SubtaskId>)[.. region])];

        SubtaskId Root(SubtaskId subtask)
        {
            while (parents[subtask] is var parent && parent != subtask)
            {
                parents[subtask] = parents[parent];
                subtask = parent;
            }

            return subtask;
        }
    }
}
