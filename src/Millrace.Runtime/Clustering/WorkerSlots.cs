namespace Millrace.Runtime.Clustering;

/// <summary>
/// The slots of a worker, and which jobs are in them. The worker is who decides: what coordinators believe of its slots may be late or wrong. Safe for use by several threads.
/// </summary>
internal sealed class WorkerSlots
{
    private readonly Lock _gate = new();
    private readonly Dictionary<JobWorker, (string JobId, string JobName, int Slots)> _used = [];

    /// <summary>Takes slots for a part of a job, together with those that it has: all of them, or none.</summary>
    /// <param name="owner">Who makes the subtasks.</param>
    /// <param name="key">The job.</param>
    /// <param name="me">The worker.</param>
    /// <param name="slots">How many slots it then has here.</param>
    /// <returns>Null, or why there are too few.</returns>
    public MillraceException? Take(JobWorker owner, ControlConnectionKey key, WorkerInfo me, int slots)
    {
        lock (_gate)
        {
            // What an earlier coordinator of the job has left ends before long, and makes way for what is to be in its place.
            var others = _used.Values.Where(used => used.JobId != key.JobId).GroupBy(used => (used.JobId, used.JobName)).Select(job => (Job: job.Key.JobName, Slots: job.Max(used => used.Slots))).ToList();
            if (others.Sum(other => other.Slots) + slots > me.Slots)
            {
                return ClusterErrors.SlotsTaken(me, key.JobName, slots, others);
            }

            _used[owner] = (key.JobId, key.JobName, slots);
            return null;
        }
    }

    /// <summary>Fewer slots are in use by a part of a job; none where all of it has ended.</summary>
    public void Keep(JobWorker owner, int slots)
    {
        lock (_gate)
        {
            if (slots == 0)
            {
                _used.Remove(owner);
            }
            else if (_used.TryGetValue(owner, out var used) && slots < used.Slots)
            {
                _used[owner] = used with { Slots = slots };
            }
        }
    }
}
