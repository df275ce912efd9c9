using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Millrace.Connectors;

/// <summary>Writes one JSON value a line.</summary>
internal sealed class JsonLinesEncoder<T> : FileEncoder<T>
{
    private readonly JsonTypeInfo<T> _type;
    private readonly JsonWriterOptions _writerOptions;
    private Utf8JsonWriter? _writer;

    public JsonLinesEncoder(JsonTypeInfo<T> type)
    {
        _type = type;
        // Never indented, whatever the options say: a value must stay on its line.
        _writerOptions = new JsonWriterOptions { Encoder = type.Options.Encoder, MaxDepth = type.Options.MaxDepth, SkipValidation = true };
    }

    public override void Write(IBufferWriter<byte> output, ReadOnlySpan<T> records)
    {
        _writer ??= new Utf8JsonWriter(output, _writerOptions);
        foreach (ref readonly var record in records)
        {
            _writer.Reset(output);
            JsonSerializer.Serialize(_writer, record, _type);
            _writer.Flush();
            output.Write("\n"u8);
        }
    }
}
