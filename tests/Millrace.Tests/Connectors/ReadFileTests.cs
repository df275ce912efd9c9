using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class ReadFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private sealed record Row(int Id, string Name);

    [Fact]
    public void A_file_is_read_in_order_and_again_at_every_enumeration()
    {
        string path = _folder.Write("rows.csv", "id,name\n" + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"{i},n{i}\n")));
        var rows = CsvFormat.Of<Row>().ReadFile(path);
        Assert.Equal(Enumerable.Range(0, 5_000).Select(i => new Row(i, $"n{i}")), rows);
        Assert.Equal(5_000, rows.Count());
    }

    [Fact]
    public void A_row_that_is_no_record_is_an_error_with_its_place()
    {
        string path = _folder.Write("rows.jsonl", "{\"id\":1,\"name\":\"a\"}\n{\"id\":}\n");
        var error = Assert.Throws<ConnectorException>(() => JsonFormat.Lines<Row>().ReadFile(path).ToList());
        Assert.Equal("MR7101", error.Code);
        Assert.Contains("line 2, byte 20", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_an_error_that_names_it()
    {
        string path = _folder["nothing.csv"];
        var error = Assert.Throws<ConnectorException>(() => CsvFormat.Of<Row>().ReadFile(path).ToList());
        Assert.Equal("MR7104", error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }
}
