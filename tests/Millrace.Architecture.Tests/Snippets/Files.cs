using Millrace.Connectors;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/reference/files.md.</summary>
internal static class Files
{
    public sealed record Flight(string Date, int Delay, int Distance, string Origin, string Destination);
    public sealed record Airport(string Iata, string Name, double Latitude, double Longitude);

    internal static object[] Use()
    {
        // By extension: .jsonl and .ndjson are JSON lines, .csv is CSV, .json is an array if it starts with '[' and JSON lines otherwise.
        var flights = FileSource.Auto<Flight>("data/flights-20k.json");

        // With a format, a pattern, and something to do with rows that are no records.
        var broken = new OutputTag<MalformedRow>("broken");
        var airports = new FileSource<Airport>(
            "data/**/*.csv",
            CsvFormat.Of<Airport>(new CsvOptions { Delimiter = ';' }),
            new FileSourceOptions { OnMalformed = OnMalformed.ToSideOutput(broken) });

        var sink = new FileSink<Flight>("out/late", JsonFormat.Lines<Flight>());
        return [flights, airports, sink];
    }

    internal static object[] Buckets()
    {
        var hourly = new FileSink<Alert>("out/alerts", JsonFormat.Lines<Alert>()) { Buckets = BucketAssigner.ByEventTime<Alert>("yyyy-MM-dd/HH") };
        var byOrigin = new FileSink<Flight>("out/flights", CsvFormat.Of<Flight>()) { Buckets = BucketAssigner.By<Flight>(flight => $"origin={flight.Origin}") };
        return [hourly, byOrigin];
    }

    internal static object Compaction()
    {
        var merged = new FileSink<Flight>("out/flights", ParquetFormat.Of<Flight>(), new FileSinkOptions
        {
            Compaction = new FileCompactionOptions { FileSize = 128 * 1024 * 1024, Checkpoints = 30 },
        });
        return merged;
    }

    internal sealed record Alert(string Text);
}
