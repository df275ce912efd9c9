using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <content>Waiting for slots, and dealing subtasks out.</content>
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
                    _demand, reservation.Subtasks, _cluster.Current.Workers, _placement.ToDictionary(place => place.Key, place => place.Value.Id), _previous, Policy).Placement;
                if (plan is null)
                {
                    break;
                }

                foreach (var (subtask, worker) in plan)
                {
                    _placement[subtask] = worker;
                }

                reservation.Timer?.Dispose();
                _waiting.RemoveAt(0);
                placed.Add(reservation);
            }
        }

        if (placed.Count > 0)
        {
            Waits?.Invoke(null);
        }

        placed.ForEach(reservation => reservation.Ready(null));
    }

    private void GiveUp(Reservation reservation)
    {
        MillraceException error;
        lock (_gate)
        {
            if (!_waiting.Remove(reservation))
            {
                return;
            }

            reservation.Timer?.Dispose();
            var (needed, available, workers) = Count(reservation);
            error = ClusterErrors.TooFewSlots(_key.JobName, needed, available, _scheduler.TimeProvider.GetElapsedTime(reservation.Since), workers);
        }

        reservation.Ready(error);
        Place();
    }

    private (int Needed, int Available, string Workers) Count(Reservation reservation)
    {
        List<WorkerInfo> usable = [.. _cluster.Current.Workers.OrderBy(worker => worker.Name, StringComparer.Ordinal)];
        string workers = usable.Count == 0 ? "no worker is there" : string.Join(", ", usable.Select(worker => $"{worker.Name} has {worker.Slots}"));
        return (reservation.Subtasks.Select(_demand.SlotOf).Distinct().Count(), usable.Sum(worker => worker.Slots) - _placement.Keys.Select(_demand.SlotOf).Distinct().Count(), workers);
    }

    /// <summary>Subtasks that wait for slots.</summary>
    private sealed class Reservation(IReadOnlyCollection<SubtaskId> subtasks, Action<Exception?> ready, long since)
    {
        public IReadOnlyCollection<SubtaskId> Subtasks => subtasks;

        public Action<Exception?> Ready => ready;

        public long Since => since;

        public ITimer? Timer { get; set; }
    }
}
