namespace Millrace.Connectors;

/// <summary>Reads one JSON value a line.</summary>
internal sealed class JsonLinesReader<T>(FileReadContext<T> context, JsonRowParser<T> parser) : LineReader<T>(context)
{
    protected override bool PassesOverBlankLines => true;

    protected override void ReadLine(SourceOutput<T> output, ReadOnlySpan<byte> line)
    {
        if (parser.TryParse(line, out var record, out string error, out var cause))
        {
            // In this order: if a chained function throws, the snapshot must not claim the record.
            output.Collect(record);
            Records++;
        }
        else
        {
            Context.ReportMalformed(output, Position, line, error, cause);
        }
    }
}
