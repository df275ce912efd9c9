using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A task as it takes slots.</summary>
/// <param name="Group">Its slot-sharing group.</param>
/// <param name="Parallelism">How many subtasks.</param>
internal sealed record SlotVertex(string Group, int Parallelism);

/// <summary>A slot-sharing group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Slots">How many slots it takes: the greatest parallelism of its tasks.</param>
internal sealed record SlotGroup(string Name, int Slots);

/// <summary>The slots that a job needs, and which subtasks share one. Immutable.</summary>
/// <remarks>
/// As in Apache Flink one slot takes one subtask of every task of a slot-sharing group, so that a group needs as many slots as the greatest parallelism of its tasks. Subtask <c>i</c> of each task is in slot
/// <c>i</c> of its group: subtasks that a forward stream connects are in one slot.
/// </remarks>
internal sealed class SlotDemand
{
    private readonly int[] _firstSlots;

    /// <param name="vertices">The tasks, by their place in the job graph.</param>
    public SlotDemand(IReadOnlyList<SlotVertex> vertices)
    {
        Vertices = vertices;
        Groups = [.. vertices.GroupBy(vertex => vertex.Group).Select(group => new SlotGroup(group.Key, group.Max(vertex => vertex.Parallelism)))];
        Slots = Groups.Sum(group => group.Slots);
        var first = new Dictionary<string, int>();
        int slots = 0;
        foreach (var group in Groups)
        {
            first.Add(group.Name, slots);
            slots += group.Slots;
        }

        _firstSlots = [.. vertices.Select(vertex => first[vertex.Group])];
    }

    public IReadOnlyList<SlotVertex> Vertices { get; }

    /// <summary>In the order of their first tasks.</summary>
    public IReadOnlyList<SlotGroup> Groups { get; }

    /// <summary>How many slots all groups take together.</summary>
    public int Slots { get; }

    public IEnumerable<SubtaskId> Subtasks =>
        Vertices.SelectMany((vertex, place) => Enumerable.Range(0, vertex.Parallelism).Select(index => new SubtaskId(place, index)));

    public static SlotDemand Of(JobGraph job) => new([.. job.Vertices.Select(vertex => new SlotVertex(job.Stream.SlotSharingGroupOf(vertex.Head), vertex.Parallelism))]);

    /// <summary>The slot that a subtask belongs in: a number from 0 to <see cref="Slots"/> - 1.</summary>
    public int SlotOf(SubtaskId subtask)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(subtask.Index, Vertices[subtask.Vertex].Parallelism);
        return _firstSlots[subtask.Vertex] + subtask.Index;
    }

    /// <summary>Whether every task has the same parallelism in both, so that one may run in place of the other.</summary>
    public bool IsSameAs(SlotDemand other) => Vertices.SequenceEqual(other.Vertices);

    /// <summary>For messages.</summary>
    public override string ToString() => Groups.Count <= 1
        ? Text.Count(Slots, "slot")
        : $"{Text.Count(Slots, "slot")} ({string.Join(", ", Groups.Select(group => $"group '{group.Name}': {Text.Number(group.Slots)}"))})";
}
