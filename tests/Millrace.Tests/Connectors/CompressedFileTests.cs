using System.IO.Compression;
using CsCheck;
using Millrace.Connectors;
using ZstdSharp;

namespace Millrace.Tests.Connectors;

/// <summary>Compressed files give what the plain ones give, and are gone on with where they were left.</summary>
public sealed class CompressedFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private sealed record Row(int Id, string? Name = null);

    internal static byte[] Gzip(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            gzip.Write(System.Text.Encoding.UTF8.GetBytes(text));
        }

        return bytes.ToArray();
    }

    internal static byte[] Zstd(string text)
    {
        using var compressor = new Compressor();
        return compressor.Wrap(System.Text.Encoding.UTF8.GetBytes(text)).ToArray();
    }

    private static byte[] Compress(FileCompression compression, string text) => compression == FileCompression.Gzip ? Gzip(text) : Zstd(text);

    private static string Extension(FileCompression compression) => compression == FileCompression.Gzip ? ".gz" : ".zst";

    [Theory]
    [InlineData(FileCompression.Gzip)]
    [InlineData(FileCompression.Zstd)]
    public void Every_format_is_gone_on_with_behind_every_record(FileCompression compression)
    {
        var expected = Enumerable.Range(0, 25).Select(i => new Row(i, $"name {i}")).ToArray();
        var texts = new Dictionary<string, string>
        {
            ["a.jsonl"] = string.Concat(expected.Select(row => $$"""{"id":{{row.Id}},"name":"{{row.Name}}"}""" + "\n")),
            ["b.json"] = "[" + string.Join(",\n", expected.Select(row => $$"""{"id":{{row.Id}},"name":"{{row.Name}}"}""")) + "]",
            ["c.csv"] = "Id,Name\n" + string.Concat(expected.Select(row => $"{row.Id},{row.Name}\n")),
        };
        foreach (var (name, text) in texts)
        {
            string path = _folder.Write(name + Extension(compression), Compress(compression, text));
            ResumeCheck.EveryRecord(FileSource.Auto<Row>(path, new FileSourceOptions { BufferSize = 16 }), expected);
        }
    }

    [Theory]
    [InlineData(FileCompression.Gzip)]
    [InlineData(FileCompression.Zstd)]
    public void Magic_bytes_tell_also_without_an_extension(FileCompression compression)
    {
        string path = _folder.Write("lines", Compress(compression, "a\nb\r\n\nc"));
        Assert.Equal(["a", "b", "", "c"], new FileSource<string>(path, FileFormat.Text).Run().Drain().Records);
        Assert.Equal(["a", "b", "", "c"], FileFormat.Text.ReadFile(path));
    }

    [Theory]
    [InlineData(FileCompression.Gzip)]
    [InlineData(FileCompression.Zstd)]
    public void Files_of_several_members_are_read_to_their_end(FileCompression compression)
    {
        string path = _folder.Write("lines", [.. Compress(compression, "a\nb"), .. Compress(compression, "c\nd\n")]);
        Assert.Equal(["a", "bc", "d"], FileFormat.Text.ReadFile(path));
    }

    [Theory]
    [InlineData(FileCompression.Gzip)]
    [InlineData(FileCompression.Zstd)]
    public void A_truncated_file_is_damaged_and_says_so(FileCompression compression)
    {
        byte[] whole = Compress(compression, string.Concat(Enumerable.Range(0, 2000).Select(i => $"{i * 7919 % 10_007}\n")));
        foreach (int length in (int[])[whole.Length / 4, whole.Length / 2, whole.Length - 9, whole.Length - 5, whole.Length - 1])
        {
            string path = _folder.Write("lines" + Extension(compression), whole[..length]);
            var error = Assert.Throws<ConnectorException>(() => new FileSource<string>(path, FileFormat.Text).Run().Drain(100));
            Assert.Equal("MR7101", error.Code);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_name_that_promises_what_the_file_is_not_is_an_error_unless_compression_is_off()
    {
        string path = _folder.Write("lines.txt.gz", "plain\n");
        Assert.Contains("Compression", Assert.Throws<ConnectorException>(() => new FileSource<string>(path, FileFormat.Text).Run().Drain()).Message, StringComparison.Ordinal);
        Assert.Equal(["plain"], new FileSource<string>(path, FileFormat.Text, new FileSourceOptions { Compression = FileCompression.None }).Run().Drain().Records);
        Assert.Empty(new FileSource<string>(_folder.Write("empty.gz", ""), FileFormat.Text).Run().Drain().Records);
    }

    [Fact]
    public void A_malformed_row_is_named_by_its_line_in_the_content()
    {
        string path = _folder.Write("rows.jsonl.gz", Gzip("{\"id\":1}\n{\"id\":2}\noops\n"));
        var error = Assert.Throws<ConnectorException>(() => FileSource.Auto<Row>(path).Run().Drain());
        Assert.Contains("line 3, byte 18", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_became_shorter_is_not_the_file_that_it_was()
    {
        string path = _folder.Write("rows.jsonl.gz", Gzip("{\"id\":1}\n{\"id\":2}\n"));
        var source = FileSource.Auto<Row>(path);
        var run = source.Run();
        while (run.Records.Count < 2)
        {
            run.Read(0);
        }

        var snapshot = run.Snapshot();
        run.Close();
        _folder.Write("rows.jsonl.gz", Gzip("{}\n"));
        var error = Assert.Throws<ConnectorException>(() => new SourceRun<Row, FileSplit, FileEnumeratorState>(source, restored: snapshot).Drain());
        Assert.Equal("MR7104", error.Code);
    }

    [Fact]
    public void Lines_of_text_come_back_as_they_were_written() => Gen.String[Gen.Char.AlphaNumeric, 0, 20].Array[0, 30].Sample(
        lines =>
        {
            using var folder = new TempFolder();
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            FileFormat.Text.CreateEncoder().Write(output, lines);
            string text = System.Text.Encoding.UTF8.GetString(output.WrittenSpan);
            ResumeCheck.EveryRecord(new FileSource<string>(folder.Write("a", text), FileFormat.Text, new FileSourceOptions { BufferSize = 3 }), lines);
            ResumeCheck.EveryRecord(new FileSource<string>(folder.Write("b", Gzip(text)), FileFormat.Text, new FileSourceOptions { BufferSize = 3 }), lines);
        },
        iter: 30);
}
