using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Where subtasks are to run.</summary>
/// <param name="Placement">The worker of each subtask that was to be placed; null where there are too few slots.</param>
/// <param name="MissingSlots">How many slots more are needed; 0 where there is a placement.</param>
internal sealed record SlotPlan(IReadOnlyDictionary<SubtaskId, WorkerInfo>? Placement, int MissingSlots);
