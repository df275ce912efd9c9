using Millrace.Connectors;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/reference/parquet.md.</summary>
internal static class ParquetFiles
{
    public sealed record Flight(DateTime Date, int Delay, string Origin);

    internal static object[] Use()
    {
        var flights = new FileSource<Flight>("data/flights.parquet", ParquetFormat.Of<Flight>());
        var sink = new FileSink<Flight>("out/late", ParquetFormat.Of<Flight>());
        return [flights, sink];
    }
}
