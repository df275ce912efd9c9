using System.Text.Json.Serialization.Metadata;

namespace Millrace.Connectors;

/// <summary>One JSON array in a file.</summary>
internal sealed class JsonArrayFormat<T>(JsonTypeInfo<T> type) : FileFormat<T>
{
    public override string Name => "a JSON array";

    public override string Extension => "json";

    public override FileRecordReader<T> CreateReader(FileReadContext<T> context) => new JsonArrayReader<T>(context, new JsonRowParser<T>(type));
}
