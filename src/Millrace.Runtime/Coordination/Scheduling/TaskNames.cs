using Millrace.Runtime.Clustering;
using Millrace.Runtime.Graph;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>What the tasks of a job are called, for those who set bounds of parallelism. It holds nothing of the program itself. Immutable.</summary>
internal sealed class TaskNames
{
    private readonly IReadOnlyList<Named> _tasks;
    private readonly IReadOnlyList<List<int>> _forward;

    private TaskNames(IReadOnlyList<Named> tasks, IReadOnlyList<List<int>> forward)
    {
        _tasks = tasks;
        _forward = forward;
    }

    public static TaskNames Of(JobGraph job) => new(
        [.. job.Vertices.Select(vertex => new Named(vertex.Name, job.MaxParallelismOf(vertex), [.. vertex.Nodes.Select(node => (job.Uids[node], node.Name))]))],
        [.. ScalingTopology.Of(job).ForwardGroups()]);

    /// <summary>Whether there is an operator of a uid.</summary>
    public bool Has(string uid) => _tasks.Any(task => task.Has(uid));

    /// <summary>The name of the task that an operator is in.</summary>
    public string NameOf(string uid) => _tasks.FirstOrDefault(task => task.Has(uid))?.Name ?? uid;

    /// <summary>Finds the tasks that bounds are for.</summary>
    /// <param name="bounds">By the name of a task, or the name or uid of an operator.</param>
    /// <returns>The same, by the uid of the task's first operator.</returns>
    /// <exception cref="MillraceException">MR6010: there is no such task, or it cannot have them.</exception>
    public IReadOnlyDictionary<string, ParallelismBounds> Find(IReadOnlyDictionary<string, ParallelismBounds> bounds)
    {
        var found = new Dictionary<int, ParallelismBounds>();
        foreach (var (key, wanted) in bounds)
        {
            int place = Find(key);
            var task = _tasks[place];
            if (wanted.Min < 1 || wanted.Max < wanted.Min || wanted.Max > task.Most)
            {
                throw ClusterErrors.WrongBounds(
                    $"Task '{task.Name}' cannot have {wanted.Min} to {wanted.Max} subtasks. The least number is at least 1, and the greatest no less than that and no more than {task.Most}, the max parallelism of the task.");
            }

            if (!found.TryAdd(place, wanted))
            {
                throw ClusterErrors.WrongBounds($"Task '{task.Name}' was given bounds twice, the second time as '{key}'.");
            }
        }

        if (_forward.FirstOrDefault(group => group.Where(found.ContainsKey).Select(place => found[place]).Distinct().Count() > 1) is { } divided)
        {
            throw ClusterErrors.WrongBounds(
                $"Forward streams connect the tasks {Names(divided.Select(place => _tasks[place]))}: they have as many subtasks, and so the same bounds. Give them to one of these tasks, or the same to all.");
        }

        return found.ToDictionary(pair => _tasks[pair.Key].Operators[0].Uid, pair => pair.Value);
    }

    private int Find(string key)
    {
        List<int> places = [.. _tasks.Index().Where(task => task.Item.Has(key)).Select(task => task.Index)];
        if (places.Count == 0)
        {
            places = [.. _tasks.Index().Where(task => task.Item.Name == key || task.Item.Operators.Any(op => op.Name == key)).Select(task => task.Index)];
        }

        return places switch
        {
            [int only] => only,
            [] => throw ClusterErrors.WrongBounds($"The job has no task or operator '{key}'. Its tasks are {Names(_tasks)}."),
            _ => throw ClusterErrors.WrongBounds($"'{key}' could be each of {places.Count} tasks. Name the task by the uid of one of its operators."),
        };
    }

    private static string Names(IEnumerable<Named> tasks) => string.Join(", ", tasks.Select(task => $"'{task.Name}'"));

    private sealed record Named(string Name, int Most, IReadOnlyList<(string Uid, string Name)> Operators)
    {
        public bool Has(string uid) => Operators.Any(op => op.Uid == uid);
    }
}
