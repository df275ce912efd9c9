using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class JsonFormatTests : IDisposable
{
    private static readonly OutputTag<MalformedRow> Broken = new("broken");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private sealed record Row(int Id, string? Name = null, Row[]? Children = null)
    {
        public bool Equals(Row? other) =>
            other is not null && Id == other.Id && Name == other.Name && (Children ?? []).SequenceEqual(other.Children ?? []);

        public override int GetHashCode() => Id;
    }

    private FakeOutput<Row> Read(string text, FileFormat<Row> format, int bufferSize = 7, int maxRecordBytes = 1000, OnMalformed? onMalformed = null)
    {
        string path = _folder.Write("file", text);
        var options = new FileSourceOptions
        {
            BufferSize = bufferSize,
            MaxRecordBytes = maxRecordBytes,
            OnMalformed = onMalformed ?? OnMalformed.ToSideOutput(Broken),
        };
        var run = new FileSource<Row>(path, format, options).Run().Drain(2);
        run.Close();
        if (onMalformed != OnMalformed.Fail)
        {
            Assert.Equal(run.Outputs[0].Side.Count, onMalformed == OnMalformed.Skip ? 0 : run.Contexts[0].Skipped);
        }

        return run.Outputs[0];
    }

    private static string Ids(FakeOutput<Row> output) => string.Join(',', output.Records.Select(r => r.Id.ToString(CultureInfo.InvariantCulture)));

    private static string Lines(FakeOutput<Row> output) =>
        string.Join(' ', output.Malformed.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Line}@{m.BytePosition}")));

    [Theory]
    [InlineData("", "")]
    [InlineData("\n\n  \n\r\n", "")]
    [InlineData("{\"id\":1}", "1")]
    [InlineData("{\"id\":1}\n", "1")]
    [InlineData("\uFEFF{\"id\":1}\r\n\r\n  {\"id\":2}  \r\n{\"id\":3}", "1,2,3")]
    [InlineData("\uFEFF", "")]
    public void Lines_of_any_kind_of_ending(string text, string expected)
    {
        for (int buffer = 1; buffer < 40; buffer++)
        {
            Assert.Equal(expected, Ids(Read(text, JsonFormat.Lines<Row>(), buffer, onMalformed: OnMalformed.Fail)));
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" \n", "")]
    [InlineData("[]", "")]
    [InlineData(" [ ] \n", "")]
    [InlineData("\uFEFF[{\"id\":1}]", "1")]
    [InlineData("[{\"id\":1,\"name\":\"}]\\\\\\\"{[\"},\r\n\t{\"id\":2,\"children\":[{\"id\":9,\"children\":[]},{\"id\":8}]} ,{\"id\":3}\n]\n", "1,2,3")]
    public void Arrays_of_any_layout(string text, string expected)
    {
        for (int buffer = 1; buffer < 60; buffer++)
        {
            Assert.Equal(expected, Ids(Read(text, JsonFormat.Array<Row>(), buffer, onMalformed: OnMalformed.Fail)));
        }
    }

    [Fact]
    public void Array_of_scalars_and_of_nullables()
    {
        string path = _folder.Write("a.json", "[1,-2.5e1, null,\"x,]\" ]"u8.ToArray());
        var source = new FileSource<JsonElement>(path, JsonFormat.Array<JsonElement>(), new FileSourceOptions { BufferSize = 1 });
        Assert.Equal(["1", "-2.5e1", "null", "\"x,]\""], source.Run().Drain().Records.Select(r => r.GetRawText()));
        _folder.Write("b.jsonl", "1\nnull\n2");
        Assert.Equal([1, null, 2], new FileSource<int?>(_folder["b.jsonl"], JsonFormat.Lines<int?>()).Run().Drain().Records);
    }

    [Fact]
    public void Lines_malformed_rows_have_exact_positions()
    {
        string text = "{\"id\":1}\nnot json\n\n{\"id\":\"x\"}\r\n{\"id\":2}\nnull\n{\"id\":3} {\"id\":4}\n{\"id\":5";
        for (int buffer = 1; buffer < 100; buffer++)
        {
            var output = Read(text, JsonFormat.Lines<Row>(), buffer);
            Assert.Equal("1,2", Ids(output));
            Assert.Equal("2@9 4@19 6@40 7@45 8@63", Lines(output));
            Assert.Equal(["not json", "{\"id\":\"x\"}", "null", "{\"id\":3} {\"id\":4}", "{\"id\":5"], output.Malformed.Select(m => m.Text));
            Assert.All(output.Malformed, m => Assert.Contains("Row", m.Error, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Lines_too_long_are_reported_cut_off_and_passed_over()
    {
        string text = "{\"id\":1}\n" + new string('x', 9000) + "\n{\"id\":2}\n" + new string('y', 101) + "\n{\"id\":3}\n" + new string('z', 5000);
        foreach (int buffer in new[] { 1, 50, 100_000 })
        {
            var output = Read(text, JsonFormat.Lines<Row>(), buffer, maxRecordBytes: 100);
            Assert.Equal("1,2,3", Ids(output));
            Assert.Equal("2@9 4@9019 6@9130", Lines(output));
            Assert.All(output.Malformed, m => Assert.Contains("longer than 100 bytes", m.Error, StringComparison.Ordinal));
            Assert.All(output.Malformed, m => Assert.InRange(m.Text.Length, 90, 4001));
        }
    }

    // Where a row starts, what is read around it, and which are reported.
    [Theory]
    [InlineData("[{\"id\":1},{\"id\":tru},{\"id\":3}]", "1,3", "1@10")]
    [InlineData("[{\"id\":1},\n{\"id\":[1,2},\n{\"id\":3}]", "1,3", "2@11")]
    [InlineData("[{\"id\":1},xyz,{\"id\":3}]", "1,3", "1@10")]
    [InlineData("[{\"id\":1}{\"id\":2},{\"id\":3}]", "1,3", "1@9")]
    [InlineData("[{\"id\":1},,{\"id\":3}]", "1", "1@10 1@11")]
    [InlineData("[{\"id\":1},null,{\"id\":3},]", "1,3", "1@10 1@24")]
    [InlineData("[{\"id\":1},{\"id\":2]", "1", "1@10")]
    [InlineData("[{\"id\":1},{\"id\":2", "1", "1@10")]
    [InlineData("[{\"id\":1}", "1", "1@9")]
    [InlineData("[{\"id\":1},", "1", "1@10")]
    [InlineData("[", "", "1@1")]
    [InlineData("[{\"id\":1}]\n trailing", "1", "2@12")]
    [InlineData("[{\"id\":1}}}]", "1", "1@9 1@10")]
    [InlineData("[\n  {\"id\":1, \"name\":\"open},\n  {\"id\":2, \"children\": [\n    {\"id\":7}\n  ]},\n  {\"id\":3}\n]", "2,3", "2@4")]
    [InlineData("[\n  {\"id\":1},\n  {\n    \"name\":\"open,\n    \"children\": [\n      {\"id\":7}\n    ]\n  },\n  {\"id\":3}\n]", "1,3", "3@16")]
    [InlineData("[\n  {\"id\":1},\n  {\"name\":\"open}\n]\n", "1", "3@16")]
    public void Array_broken_elements_are_reported_and_the_next_is_found(string text, string expected, string positions)
    {
        for (int buffer = 1; buffer < 100; buffer += 3)
        {
            var output = Read(text, JsonFormat.Array<Row>(), buffer);
            Assert.Equal(expected, Ids(output));
            Assert.Equal(positions, Lines(output));
            Assert.Equal(expected, Ids(Read(text, JsonFormat.Array<Row>(), buffer, onMalformed: OnMalformed.Skip)));
        }
    }

    [Theory]
    [InlineData("{\"id\":1}\n{\"id\":2}", "damaged from byte 0 (line 1)", "JsonFormat.Lines<Row>()")]
    [InlineData("\n garbage", "damaged from byte 2 (line 2)", "'g'")]
    [InlineData("[{\"id\":1},{\"name\":\"open},\n{\"id\":3}]", "damaged from byte 10 (line 1)", "string is not closed")]
    [InlineData("[\n{\"id\":1},\n{\"name\":\"open},\n", "damaged from byte 12 (line 3)", "no later line begins an element")]
    public void Array_that_cannot_be_read_on_fails_and_says_from_where(string text, params string[] parts)
    {
        var error = Assert.Throws<ConnectorException>(() => Read(text, JsonFormat.Array<Row>()));
        Assert.Equal("MR7101", error.Code);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Array_elements_too_long_are_passed_over()
    {
        string text = "[{\"id\":1},{\"id\":5,\"name\":\"" + new string('}', 9000) + "\"},{\"id\":2},{\"id\":3}]";
        foreach (int buffer in new[] { 1, 64, 100_000 })
        {
            var output = Read(text, JsonFormat.Array<Row>(), buffer, maxRecordBytes: 100);
            Assert.Equal("1,2,3", Ids(output));
            Assert.Equal("1@10", Lines(output));
            Assert.Equal("1@1", Lines(Read("[" + new string('1', 5000) + "]", JsonFormat.Array<Row>(), buffer, maxRecordBytes: 100)));
        }
    }

    [Fact]
    public void Fail_names_file_line_byte_text_and_way_out()
    {
        var error = Assert.Throws<ConnectorException>(() => Read("{\"id\":1}\n{\"id\":oops}\n", JsonFormat.Lines<Row>(), onMalformed: OnMalformed.Fail));
        Assert.Equal("MR7101", error.Code);
        Assert.False(error.IsTransient);
        string[] parts = [_folder["file"], "line 2", "byte 9", "{\"id\":oops}", "OnMalformed", "a Row"];
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.IsType<JsonException>(error.InnerException);
    }

    [Fact]
    public void A_row_that_a_constructor_refuses_is_malformed()
    {
        string path = _folder.Write("a.jsonl", "{\"value\":1}\n{\"value\":-1}\n");
        var run = new FileSource<Positive>(path, JsonFormat.Lines<Positive>(), new FileSourceOptions { OnMalformed = OnMalformed.Skip }).Run().Drain();
        Assert.Equal(1, Assert.Single(run.Records).Value);
        Assert.Equal(1, run.Contexts[0].Skipped);
    }

    private sealed record Positive
    {
        public Positive(int value)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Value = value;
        }

        public int Value { get; }
    }

    [Fact]
    public void Utf16_is_refused_with_a_clear_text()
    {
        string path = _folder.Write("a.jsonl", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("{\"id\":1}")).ToArray());
        foreach (var format in new[] { JsonFormat.Lines<Row>(), JsonFormat.Array<Row>() })
        {
            var run = new FileSource<Row>(path, format).Run();
            run.Read(0);
            Assert.Contains("UTF-16", Assert.Throws<ConnectorException>(() => run.Read(0)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Options_of_the_user_are_used_and_not_changed()
    {
        var options = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper, AllowTrailingCommas = true };
        string path = _folder.Write("a.json", "[{\"ID\":4},]"u8.ToArray());
        Assert.Equal(4, Assert.Single(new FileSource<Row>(path, JsonFormat.Array<Row>(options)).Run().Drain().Records).Id);
        Assert.Null(options.TypeInfoResolver);
        Assert.False(options.IsReadOnly);
    }

    private static readonly Gen<string> Text = Gen.String[
        Gen.OneOf(Gen.Char['a', 'c'], Gen.OneOf('"', '\\', '{', '}', '[', ']', ',', '\n', '\r', 'é', '€', ' ')), 0, 12];

    private static readonly Gen<Row> Rows =
        Gen.Select(Gen.Int, Text.Null(), Gen.Select(Gen.Int, Text, (i, n) => new Row(i, n)).Array[0, 2].Null(), (i, n, c) => new Row(i, n, c));

    [Fact]
    public void Any_rows_in_any_layout_come_back_at_any_buffer_size_and_resumed_at_every_record() =>
        Gen.Select(Rows.Array[0, 6], Gen.Int[1, 40], Gen.Bool, Gen.OneOf(",", " , ", ",\n", "\r\n\t,"), Gen.Bool).Sample(
            (rows, buffer, indented, comma, lines) =>
            {
                using var folder = new TempFolder();
                var json = new JsonSerializerOptions(JsonSerializerOptions.Web) { WriteIndented = indented && !lines };
                var texts = rows.Select(r => JsonSerializer.Serialize(r, json));
                string text = lines ? string.Join('\n', texts) : "[" + string.Join(comma, texts) + "]\n";
                string path = folder.Write("a", text);
                var format = lines ? JsonFormat.Lines<Row>() : JsonFormat.Array<Row>();
                var source = new FileSource<Row>(path, format, new FileSourceOptions { BufferSize = buffer });
                ResumeCheck.EveryRecord(source, rows);
            },
            iter: 200);

    [Fact]
    public void Resumed_after_any_call_malformed_rows_are_reported_once()
    {
        string text = "[\n  {\"id\":1},\n  {\"id\":\"x\"},\n  {\"name\":\"open},\n  {\"id\":2},\n  {\"id\":[},\n  {\"id\":3}\n]";
        string path = _folder.Write("a.json", text);
        foreach (int buffer in new[] { 1, 9, 1000 })
        {
            var options = new FileSourceOptions { BufferSize = buffer, OnMalformed = OnMalformed.ToSideOutput(Broken) };
            var source = new FileSource<Row>(path, JsonFormat.Array<Row>(), options);
            for (int calls = 0; calls < 12; calls++)
            {
                var first = source.Run().Drain(1, calls);
                var second = new SourceRun<Row, FileSplit, FileEnumeratorState>(source, restored: first.Snapshot()).Drain();
                Assert.Equal([1, 2, 3], first.Records.Concat(second.Records).Select(r => r.Id));
                Assert.Equal([3, 4, 6], first.Outputs[0].Malformed.Concat(second.Outputs[0].Malformed).Select(m => m.Line));
            }
        }
    }

    // A scalar whose first bytes are dropped as too long goes on with any byte, also one that would begin or end something else.
    [Theory]
    [InlineData("[xxx:],{\"id\":1}x\\\n{\"id\":2},\\]", "", "1@1 1@6")]
    [InlineData("[xxx:]", "", "1@1")]
    [InlineData("[xxx]", "", "1@1")]
    [InlineData("[x:\n,\"\\", "", "1@1 2@5")]
    [InlineData("[\"\\\"]\",xx,1]", "", "1@1 1@7 1@10")]
    public void Array_elements_dropped_while_they_are_scanned_end_where_they_would_end_in_one_piece(string text, string expected, string positions)
    {
        for (int buffer = 1; buffer < 40; buffer++)
        {
            var output = Read(text, JsonFormat.Array<Row>(), buffer, maxRecordBytes: 1);
            Assert.Equal(expected, Ids(output));
            Assert.Equal(positions, Lines(output));
        }
    }

    [Fact]
    public void Any_bytes_end_in_records_or_an_error_and_never_in_a_loop() =>
        Gen.Select(
            Gen.OneOf("[", "]", "{", "}", ",", "\"", "\\", "\n", " ", "{\"id\":1}", "x", "\n{\"id\":2},", ":").Array[0, 25],
            Gen.Int[1, 9],
            Gen.Int[1, 40]).Sample(
            (parts, buffer, limit) =>
            {
                using var folder = new TempFolder();
                string path = folder.Write("a", "[" + string.Concat(parts));
                foreach (var format in new[] { JsonFormat.Array<Row>(), JsonFormat.Lines<Row>() })
                {
                    var options = new FileSourceOptions { BufferSize = buffer, MaxRecordBytes = limit, OnMalformed = OnMalformed.Skip };
                    try
                    {
                        Assert.True(new FileSource<Row>(path, format, options).Run().Drain(3, 2000).Ended);
                    }
                    catch (ConnectorException error)
                    {
                        Assert.Contains("damaged from byte", error.Message, StringComparison.Ordinal);
                    }
                }
            },
            iter: 3000);
}
