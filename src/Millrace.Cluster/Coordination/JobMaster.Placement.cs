using Millrace.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;

namespace Millrace.Cluster.Coordination;

/// <content>Has subtasks come back to the workers that have their state on their disks, also when another coordinator takes over.</content>
internal sealed partial class JobMaster
{
    private static readonly TimeSpan LongestPlacementWrite = TimeSpan.FromSeconds(5);

    private readonly PlacementWriter _placements;
    private bool _hasRecalled;

    /// <summary>Where subtasks ran under the coordinator before this one.</summary>
    private void RecallPlacement(string jobId, CheckpointStorage? storage)
    {
        if (_options.RemembersPlacement && !_hasRecalled && storage is not null)
        {
            _hasRecalled = true;
            _previous = PlacementFile.Read(storage, jobId);
        }
    }

    /// <summary>Where subtasks run, for the coordinator after this one. Beside what else is done.</summary>
    private void RememberPlacement()
    {
        if (_options.RemembersPlacement && _running is { } running && running.Built.Graph.Options.Checkpoints is { Storage: { } storage } checkpoints)
        {
            var placement = running.Host.Previous;
            _placements.Write(() => PlacementFile.Write(storage, checkpoints.JobId ?? JobIds.From(_job), placement));
        }
    }

    /// <summary>The coordinator after this one finds what was to be remembered. A storage that does not answer is not waited for.</summary>
    private async Task PlacementRememberedAsync()
    {
        try
        {
            await _placements.Completion.WaitAsync(LongestPlacementWrite, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A hint, and the one before is there.
        }
    }
}
