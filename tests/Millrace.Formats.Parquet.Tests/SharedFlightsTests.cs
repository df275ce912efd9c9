using Millrace.Connectors;
using Millrace.Tests.Connectors;

namespace Millrace.Formats.Parquet.Tests;

/// <summary>Three million real flights, written by another program. They are not in the repository.</summary>
public sealed class SharedFlightsTests
{
    private sealed record Flight(DateTimeOffset Date, int Delay, short Distance, string Origin, string Destination);

    private sealed record Origin(string Destination);

    private static string Flights
    {
        get
        {
            string? path = Environment.GetEnvironmentVariable("MILLRACE_FLIGHTS_PARQUET");
            Assert.SkipWhen(path is null || !File.Exists(path), "MILLRACE_FLIGHTS_PARQUET does not name the file flights-3m.parquet: its three million flights were not read.");
            return path!;
        }
    }

    [Fact]
    public void All_rows_are_read()
    {
        long flights = 0;
        long miles = 0;
        foreach (var flight in ParquetFormat.Of<Flight>().ReadFile(Flights))
        {
            flights++;
            miles += flight.Distance;
            Assert.Equal(2001, flight.Date.Year);
        }

        Assert.Equal(3_000_000, flights);
        Assert.True(miles > flights * 100);
    }

    [Fact]
    public void Reading_goes_on_in_a_later_row_group()
    {
        var source = new FileSource<Origin>(Flights, ParquetFormat.Of<Origin>());
        var run = new SourceRun<Origin, FileSplit, FileEnumeratorState>(source, restored: (new FileEnumeratorState([]), [[new FileSplit(Flights, 2_999_900, 0)]]));
        Assert.Equal(100, run.Drain(10).Records.Count);
        run.Close();
    }
}
