using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// Where the subtasks of a job run, written beside its checkpoints for the coordinator that comes next, which places them where their state lies on a disk. A hint: nothing that must be right depends on it, so it needs no
/// fencing, and one that cannot be read is none.
/// </summary>
internal static class PlacementFile
{
    /// <summary>The name of the file. It is not one of a checkpoint, and stays when checkpoints are dropped.</summary>
    public static string NameOf(string jobId) => $"{jobId}/_placement";

    /// <summary>Writes the file: for each worker's name its subtasks, as <c>task/index</c>.</summary>
    /// <exception cref="IOException">The storage does not take it.</exception>
    public static void Write(CheckpointStorage storage, string jobId, IReadOnlyDictionary<SubtaskId, string> placement)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var worker in placement.GroupBy(place => place.Value, StringComparer.Ordinal).OrderBy(worker => worker.Key, StringComparer.Ordinal))
            {
                json.WriteStartArray(worker.Key);
                foreach (var (subtask, _) in worker.OrderBy(place => place.Key.Vertex).ThenBy(place => place.Key.Index))
                {
                    json.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"{subtask.Vertex}/{subtask.Index}"));
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        using var output = storage.Create(NameOf(jobId));
        output.Stream.Write(buffer.WrittenSpan);
        output.Complete();
    }

    /// <summary>Reads the file.</summary>
    /// <returns>The names of workers; none where there is no such file, or one that cannot be read.</returns>
    public static IReadOnlyDictionary<SubtaskId, string> Read(CheckpointStorage storage, string jobId)
    {
        var placement = new Dictionary<SubtaskId, string>();
        try
        {
            using var json = JsonDocument.Parse(StoredBytes.ReadAll(storage, NameOf(jobId)));
            foreach (var worker in json.RootElement.EnumerateObject())
            {
                foreach (var subtask in worker.Value.EnumerateArray())
                {
                    if (subtask.GetString()?.Split('/') is [var vertex, var index])
                    {
                        placement[new SubtaskId(int.Parse(vertex, CultureInfo.InvariantCulture), int.Parse(index, CultureInfo.InvariantCulture))] = worker.Name;
                    }
                }
            }
        }
        catch (Exception error) when (StorageFailures.IsOfStorage(error) || error is JsonException or FormatException or OverflowException or InvalidOperationException)
        {
            placement.Clear();
        }

        return placement;
    }
}
