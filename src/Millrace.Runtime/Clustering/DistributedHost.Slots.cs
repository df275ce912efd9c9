using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <content>Dealing subtasks out.</content>
internal sealed partial class DistributedHost
{
    /// <summary>Gives places to those that wait, in order, as far as there is room.</summary>
    private void Place()
    {
        List<Reservation> placed = [];
        lock (_gate)
        {
            while (_waiting.Count > 0 && !_isDisposed)
            {
                var reservation = _waiting[0];
                var plan = SlotPlanner.Plan(
                    _demand, reservation.Subtasks, _cluster.Workers, _placement.ToDictionary(place => place.Key, place => place.Value.Id), _previous, Policy).Placement;
                if (plan is null)
                {
                    break;
                }

                foreach (var (subtask, worker) in plan)
                {
                    _placement[subtask] = worker;
                }

                _waiting.RemoveAt(0);
                placed.Add(reservation);
            }
        }

        placed.ForEach(reservation => reservation.Ready(null));
    }

    /// <summary>Subtasks that wait for slots.</summary>
    private sealed record Reservation(IReadOnlyCollection<SubtaskId> Subtasks, Action<Exception?> Ready);
}
