using System.Globalization;
using System.Text;
using CsCheck;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class CsvFormatTests : IDisposable
{
    private static readonly OutputTag<MalformedRow> Broken = new("broken");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public enum Kind
    {
        Small,
        Large,
    }

    private sealed record Row(int Id, string Name = "none");

    private sealed class Mutable
    {
        public int Id { get; set; }

        public double? Size { get; set; }

        public Kind Kind { get; init; }

        public bool Odd { get; set; }

        public string Text => $"{Id}";
    }

    private readonly record struct Point(double X, double Y);

    public struct Fields
    {
        public long A;
        public DateOnly B;
    }

    private sealed record Everything(
        int Int, long Long, double Double, decimal Decimal, bool Bool, char Char, string Text, Kind Kind, Kind? MaybeKind, int? MaybeInt, Guid Guid,
        DateTimeOffset At, DateOnly Date, TimeSpan Span);

    private SourceRun<T, FileSplit, FileEnumeratorState> Run<T>(
        string text, CsvOptions? csv = null, OnMalformed? onMalformed = null, int maxRecordBytes = 100_000, int buffer = 1)
    {
        string path = _folder.Write("file.csv", text);
        var options = new FileSourceOptions { BufferSize = buffer, MaxRecordBytes = maxRecordBytes, OnMalformed = onMalformed ?? OnMalformed.Fail };
        return new FileSource<T>(path, CsvFormat.Of<T>(csv), options).Run();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\uFEFF")]
    [InlineData("\n\n")]
    [InlineData("id,name\n")]
    [InlineData("id,name")]
    public void Empty_files_and_bare_headers_have_no_rows(string text) => Assert.Empty(Run<Row>(text).Drain().Records);

    [Theory]
    [InlineData("id,name\n1,a\n2,b\n")]
    [InlineData("\uFEFFName, ID ,extra\r\na,1,x\r\n\r\nb,2,y")]
    [InlineData("\n\nNAME,id\n\n\na,1\n\n\nb,2\n\n")]
    [InlineData("\"id\",\"name\"\n\"1\",\"a\"\n\"2\",\"b\"")]
    public void Columns_are_found_by_name(string text) => Assert.Equal([new Row(1, "a"), new Row(2, "b")], Run<Row>(text).Drain().Records);

    [Fact]
    public void Classes_structs_fields_and_read_only_members_map()
    {
        var mutable = Run<Mutable>("kind,size,id,odd\nlarge,,7,true\nSMALL,1.5,8,no\n").Drain().Records;
        Assert.Equal([(7, null, Kind.Large, true), (8, 1.5, Kind.Small, false)], mutable.Select(m => (m.Id, m.Size, m.Kind, m.Odd)));
        Assert.Equal([new Point(1, -2)], Run<Point>("y,x\n-2,1e0").Drain().Records);
        Assert.Equal([(5L, new DateOnly(2026, 3, 1))], Run<Fields>("a,b\n5,2026-03-01").Drain().Records.Select(f => (f.A, f.B)));
    }

    [Fact]
    public void Delimiter_quote_trimming_and_no_header()
    {
        var options = new CsvOptions { Delimiter = ';', Quote = '\'', HasHeader = false, TrimWhitespace = true };
        Assert.Equal([new Row(1, "a;'b"), new Row(2, "c")], Run<Row>("1;'a;''b'\n 2 ; c \n", options).Drain().Records);
        Assert.Throws<ConnectorException>(() => CsvFormat.Of<Row>(new CsvOptions { Delimiter = '"' }));
    }

    [Fact]
    public void A_missing_column_is_an_error_unless_allowed_or_it_has_a_default()
    {
        Assert.Equal([new Row(1)], Run<Row>("id\n1\n").Drain().Records);
        var run = Run<Row>("identity,name\n1,a\n");
        run.Read(0);
        var error = Assert.Throws<ConnectorException>(() => run.Read(0));
        Assert.Equal("MR7103", error.Code);
        Assert.Contains("Id; its columns are identity, name", error.Message, StringComparison.Ordinal);
        Assert.Equal([new Row(0, "a")], Run<Row>("identity,name\n1,a\n", new CsvOptions { AllowMissingColumns = true }).Drain().Records);
        var twice = Run<Row>("id,name,ID\n1,a,2\n");
        twice.Read(0);
        Assert.Contains("two columns", Assert.Throws<ConnectorException>(() => twice.Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_that_no_field_can_hold_is_refused_by_name()
    {
        var error = Assert.Throws<ConnectorException>(() => CsvFormat.Of<Tuple<int, Row>>());
        Assert.Contains("Item2 is a Row", error.Message, StringComparison.Ordinal);
        Assert.Throws<ConnectorException>(() => CsvFormat.Of<object>());
        Assert.Throws<ConnectorException>(() => CsvFormat.Of<Stream>());
    }

    [Fact]
    public void Quoted_line_breaks_belong_to_the_row_and_lines_count_on()
    {
        var run = Run<Row>("id,name\n1,\"a\nb\"\"\r\nc\"\nx,y\n", onMalformed: OnMalformed.ToSideOutput(Broken)).Drain();
        Assert.Equal([new Row(1, "a\nb\"\r\nc")], run.Records);
        var malformed = Assert.Single(run.Outputs[0].Malformed);
        Assert.Equal((5L, 21L, "x,y"), (malformed.Line, malformed.BytePosition, malformed.Text));
        Assert.Contains("column 1 (Id): expected a value of type Int32, found 'x'", malformed.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id,name\n1,a\n2\n3,c\n", "1,3", "3@12", "expected 2 fields, found 1")]
    [InlineData("id,name\r\n1,a\r\n2,b,c\r\n3,c\r\n", "1,3", "3@14", "expected 2 fields, found 3")]
    [InlineData("id,name\n1,a\n2,\"b\"x\n3,c\n", "1,3", "3@12", "text behind the closing quote")]
    [InlineData("id,name\n1,a\n2,b\"x\n3,c\n", "1,3", "3@12", "a quote within a field")]
    [InlineData("id,name\n1,a\n2,\"b\n3,c\n4,d", "1,3,4", "3@12", "never closed")]
    [InlineData("id,name\n1,a\n2,\"b", "1", "3@12", "never closed")]
    [InlineData("id,name\n1,a\n99999999999,b\n3,c", "1,3", "3@12", "column 1 (Id): expected a value of type Int32")]
    [InlineData("id,name\n1,a\n\n,b\n3,c", "1,3", "4@13", "found ''")]
    public void Malformed_rows_are_reported_with_exact_positions(string text, string ids, string position, string error)
    {
        var run = Run<Row>(text, onMalformed: OnMalformed.ToSideOutput(Broken)).Drain();
        Assert.Equal(ids, string.Join(',', run.Records.Select(r => r.Id.ToString(CultureInfo.InvariantCulture))));
        var malformed = Assert.Single(run.Outputs[0].Malformed);
        Assert.Equal(position, string.Create(CultureInfo.InvariantCulture, $"{malformed.Line}@{malformed.BytePosition}"));
        Assert.Contains(error, malformed.Error, StringComparison.Ordinal);
        Assert.Equal(1, run.Contexts[0].Skipped);

        var failing = Run<Row>(text);
        var thrown = Assert.Throws<ConnectorException>(() => failing.Drain());
        Assert.Equal("MR7101", thrown.Code);
        Assert.Contains(error, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    public void Rows_too_long_are_passed_over(int buffer)
    {
        string text = "id,name\n1,a\n2," + new string('x', 9000) + "\n3,c\n\n\n4,\"" + new string('y', 8000) + "\n5,e\n";
        var run = Run<Row>(text, onMalformed: OnMalformed.ToSideOutput(Broken), maxRecordBytes: 600, buffer: buffer).Drain();
        Assert.Equal([1, 3, 5], run.Records.Select(r => r.Id));
        Assert.Equal([(3L, 12L), (7L, 9021L)], run.Outputs[0].Malformed.Select(m => (m.Line, m.BytePosition)));
        Assert.All(run.Outputs[0].Malformed, m => Assert.InRange(m.Text.Length, 200, 4001));
    }

    [Fact]
    public void Utf16_is_refused_with_a_clear_text()
    {
        string path = _folder.Write("a.csv", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("id\n1")).ToArray());
        var run = FileSource.Auto<Row>(path).Run();
        run.Read(0);
        Assert.Contains("UTF-16", Assert.Throws<ConnectorException>(() => run.Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resumed_after_any_call_malformed_rows_are_reported_once()
    {
        string path = _folder.Write("a.csv", "\uFEFFid,name\r\n1,a\r\n\r\nx,\"b\nb\"\r\n2,\"c\r\nc\"\r\n3\r\n4,d\"d\r\n5,\"f\r\n6,g\r\n");
        var source = new FileSource<Row>(path, CsvFormat.Of<Row>(), new FileSourceOptions { OnMalformed = OnMalformed.ToSideOutput(Broken) });
        for (int calls = 0; calls < 12; calls++)
        {
            var first = source.Run().Drain(1, calls);
            var second = new SourceRun<Row, FileSplit, FileEnumeratorState>(source, restored: first.Snapshot()).Drain();
            Assert.Equal([1, 2, 6], first.Records.Concat(second.Records).Select(r => r.Id));
            Assert.Equal([4, 8, 9, 10], first.Outputs[0].Malformed.Concat(second.Outputs[0].Malformed).Select(m => m.Line));
        }
    }

    private static readonly Gen<string> Text = Gen.String[Gen.OneOf(Gen.Char['a', 'c'], Gen.OneOf('"', ',', '\n', '\r', ';', 'é', '€', ' ', '\t')), 0, 300];

    private static readonly Gen<Everything> Rows = Gen.Select(
        Gen.Select(Gen.Int, Gen.Long, Gen.Double, Gen.Decimal, Gen.Bool, Gen.Char['a', 'z'], Text),
        Gen.Select(
            Gen.OneOf(Kind.Small, Kind.Large), Gen.OneOf<Kind?>(Kind.Large, null), Gen.Int.Nullable(), Gen.Guid, Gen.DateTimeOffset, Gen.DateOnly,
            Gen.TimeSpan),
        (a, b) => new Everything(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, a.Item6, a.Item7, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5, b.Item6, b.Item7));

    [Fact]
    public void Any_rows_come_back_at_any_buffer_size_and_resumed_at_every_record() =>
        Gen.Select(Rows.Array[0, 5], Gen.Int[256, 2000], Gen.OneOf(',', ';', '\t'), Gen.Bool).Sample(
            (rows, buffer, delimiter, header) =>
            {
                using var folder = new TempFolder();
                var format = CsvFormat.Of<Everything>(new CsvOptions { Delimiter = delimiter, HasHeader = header });
                var bytes = new System.Buffers.ArrayBufferWriter<byte>();
                var encoder = format.CreateEncoder();
                encoder.WriteHeader(bytes);
                encoder.Write(bytes, rows);
                string path = folder.Write("a.csv", bytes.WrittenSpan.ToArray());
                ResumeCheck.EveryRecord(new FileSource<Everything>(path, format, new FileSourceOptions { BufferSize = buffer }), rows);
            },
            iter: 200);

    [Fact]
    public void Any_bytes_end_in_records_or_reports_and_never_in_a_loop() =>
        Gen.Select(Gen.OneOf("1,a\n", "\"", ",", "\n", "\r\n", "2,\"x\"\n", "x", "\"\n\"").Array[0, 60], Gen.Int[1, 40]).Sample(
            (parts, limit) =>
            {
                using var folder = new TempFolder();
                string path = folder.Write("a.csv", "id,name\n" + string.Concat(parts));
                var options = new FileSourceOptions { BufferSize = 256, MaxRecordBytes = limit, OnMalformed = OnMalformed.Skip };
                try
                {
                    Assert.True(new FileSource<Row>(path, CsvFormat.Of<Row>(), options).Run().Drain(3, 2000).Ended);
                }
                catch (ConnectorException error)
                {
                    Assert.Contains("damaged from byte", error.Message, StringComparison.Ordinal);
                }
            },
            iter: 1000);
}
