namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Looking without taking part: no epoch begins, nothing is written and nothing deleted.</summary>
internal sealed partial class CheckpointStore
{
    /// <summary>Finds what <see cref="Open"/> would find now. The store is good for reading afterwards, and for nothing else.</summary>
    /// <returns>What a run that began now would find, with the epoch of the run before.</returns>
    /// <exception cref="IOException">The storage does not work.</exception>
    /// <exception cref="MillraceException">The log is damaged.</exception>
    public StoreOpening Look()
    {
        lock (_gate)
        {
            if (_log.Look() is not { } head)
            {
                return new StoreOpening(0, 1, null, []);
            }

            if (head.State.Ended == JobState.Finished && !_options.RunFinishedAgain)
            {
                return new StoreOpening(head.State.Epoch, head.State.ReservedId + 1, null, [], head.When);
            }

            foreach (var retained in head.State.Retained)
            {
                LoadManifest(retained);
            }

            return new StoreOpening(head.State.Epoch, head.State.ReservedId + 1, FindUsable([]), [.. _damaged.Values.OrderBy(damaged => damaged.Id)]);
        }
    }
}
