using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

/// <summary>Input that is no record, in a job, with a policy for errors on the source.</summary>
public sealed class MalformedInputTests : IDisposable
{
    private static readonly OutputTag<DeadLetter<Row>> Letters = new("letters");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Side_output_has_the_raw_input_and_its_position()
    {
        string path = _folder.Write("rows.jsonl", "{\"id\":1}\n{\"id\":oops}\n{\"id\":3}\n");
        var (rows, letters, metrics) = await RunAsync(path, JsonFormat.Lines<Row>(), ErrorPolicy.ToSideOutput(Letters));
        Assert.Equal([1, 3], rows.Select(row => row.Id));
        var letter = Assert.Single(letters);
        Assert.Equal((FailureStage.Input, false, "{\"id\":oops}"), (letter.Stage, letter.HasRecord, letter.RawInput));
        Assert.Equal($"{path}, line 2, byte 9", letter.Position);
        Assert.Contains("MR7101", letter.Details, StringComparison.Ordinal);
        Assert.Equal((1, 1), (metrics["rows"].RecordsInErrors, metrics["rows"].RecordsSkipped));
    }

    [Fact]
    public async Task Skip_counts_and_goes_on_in_csv_too()
    {
        string path = _folder.Write("rows.csv", "id\n1\nx\n3\ny\n");
        var (rows, _, metrics) = await RunAsync(path, CsvFormat.Of<Row>(), ErrorPolicy.Skip);
        Assert.Equal([1, 3], rows.Select(row => row.Id));
        Assert.Equal((2, 2), (metrics["rows"].RecordsInErrors, metrics["rows"].RecordsSkipped));
    }

    [Fact]
    public async Task Fail_says_where_and_what_to_do()
    {
        string path = _folder.Write("rows.jsonl", "{\"id\":1}\n{\"id\":oops}\n");
        var error = await Assert.ThrowsAnyAsync<MillraceException>(() => RunAsync(path, JsonFormat.Lines<Row>(), ErrorPolicy.Fail));
        foreach (string part in (string[])["line 2, byte 9", "{\"id\":oops}", ".OnError("])
        {
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Timestamp_assigner_of_a_source_is_covered()
    {
        string path = _folder.Write("rows.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
        var strategy = WatermarkStrategy<Row>.ForMonotonousTimestamps().WithTimestampAssigner(row => row.Id == 2 ? throw new FormatException("two") : row.Id);
        var (rows, letters, _) = await RunAsync(path, JsonFormat.Lines<Row>(), ErrorPolicy.ToSideOutput(Letters), strategy);
        Assert.Equal([1, 3], rows.Select(row => row.Id));
        var letter = Assert.Single(letters);
        Assert.Equal((FailureStage.Timestamp, 2, "two"), (letter.Stage, letter.Record!.Id, letter.Message));
    }

    private static async Task<(List<Row> Rows, List<DeadLetter<Row>> Letters, JobMetrics Metrics)> RunAsync(
        string path, FileFormat<Row> format, ErrorPolicy policy, WatermarkStrategy<Row>? strategy = null)
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Parallelism = 1;
        List<Row> rows = [];
        List<DeadLetter<Row>> letters = [];
        var source = new FileSource<Row>(path, format);
        var stream = (strategy is null ? env.FromSource(source) : env.FromSource(source, strategy)).Name("rows").OnError(policy);
        stream.ForEach(rows.Add);
        stream.GetSideOutput(Letters).ForEach(letters.Add);
        await using var client = env.Start("rows");
        await client.Completion;
        return (rows, letters, client.GetMetrics());
    }

    public sealed record Row(int Id);
}
