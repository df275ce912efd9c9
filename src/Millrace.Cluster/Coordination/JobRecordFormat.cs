using System.Text.Json;
using System.Text.Json.Serialization;

namespace Millrace.Cluster.Coordination;

/// <summary>How records of jobs and answers of coordinators are written.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobRecord))]
[JsonSerializable(typeof(JobMasterStatus))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, ParallelismBounds>))]
internal sealed partial class JobRecordFormat : JsonSerializerContext
{
    public static string Write(JobRecord record) => JsonSerializer.Serialize(record, Default.JobRecord);

    public static string Write(IReadOnlyDictionary<string, ParallelismBounds> bounds) => JsonSerializer.Serialize(bounds, Default.IReadOnlyDictionaryStringParallelismBounds);

    public static IReadOnlyDictionary<string, ParallelismBounds> ReadBounds(string text) =>
        JsonSerializer.Deserialize(text, Default.IReadOnlyDictionaryStringParallelismBounds) ?? throw new JsonException("There are no bounds.");

    public static JobRecord Read(string text) => JsonSerializer.Deserialize(text, Default.JobRecord) ?? throw new JsonException("The record is empty.");
}
