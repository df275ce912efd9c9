using System.Globalization;
using System.Text.Json;
using ParquetSharp;

namespace FlightDelays.Tests;

/// <summary>A flight as the tests see it: nothing here is shared with the sample.</summary>
internal sealed record Row(string Date, int Delay, int Distance, string Origin, string Destination)
{
    public static readonly string DataFolder = Path.Combine(AppContext.BaseDirectory, "data");

    private static readonly Lazy<Row[]> FlightsOfTheSample = new(() =>
    [
        .. JsonDocument.Parse(File.ReadAllText(Path.Combine(DataFolder, "flights-20k.json"))).RootElement.EnumerateArray().Select(flight => new Row(
            flight.GetProperty("date").GetString()!,
            flight.GetProperty("delay").GetInt32(),
            flight.GetProperty("distance").GetInt32(),
            flight.GetProperty("origin").GetString()!,
            flight.GetProperty("destination").GetString()!)),
    ]);

    public static Row[] Sample => FlightsOfTheSample.Value;

    public DateTime Time => DateTime.ParseExact(Date, "yyyy/MM/dd HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)
        .AddMinutes(Delay);

    public static Row At(DateTime scheduled, int delay, string origin, string destination = "AAA", int distance = 100) =>
        new(scheduled.ToString("yyyy/MM/dd HH:mm", CultureInfo.InvariantCulture), delay, distance, origin, destination);

    public static string ToJson(IEnumerable<Row> rows) => "[\n  " + string.Join(",\n  ", rows.Select(row => row.ToJson())) + "\n]\n";

    public static string ToJsonLines(IEnumerable<Row> rows) => string.Concat(rows.Select(row => row.ToJson() + "\n"));

    public static string ToCsv(IEnumerable<Row> rows) =>
        "date,delay,distance,origin,destination\n" + string.Concat(rows.Select(row => FormattableString.Invariant($"{row.Date},{row.Delay},{row.Distance},{row.Origin},{row.Destination}\n")));

    /// <summary>The columns and types of the published file of three million flights, in row groups of another size.</summary>
    public static void WriteParquet(string path, IReadOnlyList<Row> rows)
    {
        using var file = new ParquetFileWriter(
            path,
            [
                new Column<DateTime?>("date", LogicalType.Timestamp(isAdjustedToUtc: false, timeUnit: TimeUnit.Micros)),
                new Column<long?>("delay"),
                new Column<long?>("distance"),
                new Column<string>("origin"),
                new Column<string>("destination"),
            ],
            Compression.Zstd);
        foreach (var some in rows.Chunk(7_000))
        {
            using var group = file.AppendRowGroup();
            Write<DateTime?>(row => DateTime.ParseExact(row.Date, "yyyy/MM/dd HH:mm", CultureInfo.InvariantCulture));
            Write<long?>(row => row.Delay);
            Write<long?>(row => row.Distance);
            Write(row => row.Origin);
            Write(row => row.Destination);

            void Write<T>(Func<Row, T> value)
            {
                using var column = group.NextColumn();
                using var values = column.LogicalWriter<T>();
                values.WriteBatch([.. some.Select(value)]);
            }
        }

        file.Close();
    }

    public string ToJson() =>
        FormattableString.Invariant($$"""{"date":"{{Date}}","delay":{{Delay}},"distance":{{Distance}},"origin":"{{Origin}}","destination":"{{Destination}}"}""");
}
