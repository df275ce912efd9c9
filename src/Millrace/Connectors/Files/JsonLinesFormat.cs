using System.Text.Json.Serialization.Metadata;

namespace Millrace.Connectors;

/// <summary>One JSON value a line.</summary>
internal sealed class JsonLinesFormat<T>(JsonTypeInfo<T> type) : FileFormat<T>
{
    public override string Name => "JSON lines";

    public override string Extension => "jsonl";

    public override bool CanConcatenate => true;

    public override FileRecordReader<T> CreateReader(FileReadContext<T> context) => new JsonLinesReader<T>(context, new JsonRowParser<T>(type));

    public override FileEncoder<T> CreateEncoder() => new JsonLinesEncoder<T>(type);
}
