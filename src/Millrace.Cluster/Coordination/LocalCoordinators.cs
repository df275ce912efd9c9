namespace Millrace.Cluster.Coordination;

/// <summary>
/// The coordinators that this worker holds, so that they can hand over before it leaves: once Orleans says that it leaves, its own subtasks count as lost, and no checkpoint comes about any more. Safe for use by several threads.
/// </summary>
internal sealed class LocalCoordinators
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Func<TimeSpan, Task>> _coordinators = new(StringComparer.Ordinal);

    /// <summary>A coordinator is here.</summary>
    /// <param name="job">Its job.</param>
    /// <param name="handOver">Takes a checkpoint, within a time, and ends it.</param>
    public void Add(string job, Func<TimeSpan, Task> handOver)
    {
        lock (_gate)
        {
            _coordinators[job] = handOver;
        }
    }

    /// <summary>It is not here any more.</summary>
    public void Remove(string job, Func<TimeSpan, Task> handOver)
    {
        lock (_gate)
        {
            if (_coordinators.GetValueOrDefault(job) == handOver)
            {
                _coordinators.Remove(job);
            }
        }
    }

    /// <summary>All of them hand over, at once.</summary>
    /// <param name="patience">How long they have for their checkpoints.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task HandOverAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        List<Func<TimeSpan, Task>> all;
        lock (_gate)
        {
            all = [.. _coordinators.Values];
        }

        return Task.WhenAll(all.Select(handOver => handOver(patience))).WaitAsync(cancellationToken);
    }
}
