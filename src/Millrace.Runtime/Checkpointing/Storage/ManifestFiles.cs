using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The files that a manifest names.</summary>
internal static class ManifestFiles
{
    /// <summary>All files of their own, each with the operator or channel that it belongs to, in words. Inline state is not among them.</summary>
    public static IEnumerable<(StateFile File, string Owner)> Of(CheckpointManifest manifest) =>
        All(manifest).Where(item => item.File.Path.Length > 0);

    /// <summary>Also those that are inline.</summary>
    public static IEnumerable<(StateFile File, string Owner)> All(CheckpointManifest manifest)
    {
        foreach (var item in manifest.Operators)
        {
            foreach (var subtask in item.Subtasks)
            {
                foreach (var file in subtask.Keyed?.Files ?? [])
                {
                    yield return (file, $"operator '{item.Name}' (uid '{item.Uid}'), subtask {subtask.SubtaskIndex}");
                }
            }
        }

        foreach (var channel in manifest.InFlight)
        {
            yield return (channel.Data, $"records in flight on {channel.Edge}, {channel.Producer} to {channel.Consumer}");
        }
    }
}
