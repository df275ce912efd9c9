using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// Which subtasks share a slot: of every slot-sharing group, those with the same index. A slot is on one worker, and whoever shares it lives there. Spreads slots over workers.
/// </summary>
internal sealed class SlotTable(JobGraph job)
{
    /// <summary>How many slots subtasks take.</summary>
    public int SlotsOf(IEnumerable<SubtaskId> subtasks) => subtasks.Select(SlotOf).Distinct().Count();

    /// <summary>Gives places to subtasks.</summary>
    /// <param name="subtasks">Those without a place.</param>
    /// <param name="workers">The workers, in the order in which they are filled.</param>
    /// <param name="placed">Where others are.</param>
    /// <returns>Null where there is no room for all of them.</returns>
    public Dictionary<SubtaskId, WorkerInfo>? Plan(IReadOnlyCollection<SubtaskId> subtasks, IReadOnlyList<WorkerInfo> workers, IReadOnlyDictionary<SubtaskId, WorkerInfo> placed)
    {
        var slots = new Dictionary<(string Group, int Index), WorkerInfo>();
        var used = workers.ToDictionary(worker => worker.Id, _ => 0);
        foreach (var (subtask, worker) in placed)
        {
            if (slots.TryAdd(SlotOf(subtask), worker) && used.ContainsKey(worker.Id))
            {
                used[worker.Id]++;
            }
        }

        var plan = new Dictionary<SubtaskId, WorkerInfo>();
        foreach (var subtask in subtasks.OrderBy(subtask => subtask.Index).ThenBy(subtask => subtask.Vertex))
        {
            var slot = SlotOf(subtask);
            if (!slots.TryGetValue(slot, out var worker) || !used.ContainsKey(worker.Id))
            {
                worker = workers.Where(candidate => used[candidate.Id] < candidate.Slots).MinBy(candidate => used[candidate.Id]);
                if (worker is null)
                {
                    return null;
                }

                slots[slot] = worker;
                used[worker.Id]++;
            }

            plan[subtask] = worker;
        }

        return plan;
    }

    private (string Group, int Index) SlotOf(SubtaskId subtask) => (job.Vertices[subtask.Vertex].Head.SlotSharingGroup, subtask.Index);
}
