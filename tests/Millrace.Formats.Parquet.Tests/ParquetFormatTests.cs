using CsCheck;
using Millrace.Connectors;
using Millrace.Tests.Connectors;
using ParquetSharp;

namespace Millrace.Formats.Parquet.Tests;

public sealed class ParquetFormatTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static Gen<Everything> Anything { get; } =
        from bytes in Gen.Byte.Array[16]
        from number in Gen.Long
        from real in Gen.Double[-1e9, 1e9]
        from text in Gen.String[Gen.Char.AlphaNumeric, 0, 8].Null()
        from flag in Gen.Bool
        let time = new DateTime(2001 + (bytes[0] % 30), 1 + (bytes[1] % 12), 1 + (bytes[2] % 28), bytes[3] % 24, bytes[4] % 60, bytes[5] % 60, DateTimeKind.Utc)
        select new Everything(
            flag, (sbyte)bytes[6], bytes[7], (short)number, (ushort)number, (int)number, (uint)number, number, (ulong)number, (float)real, real, (int)number / 1000m, text,
            (Kind)(bytes[8] % 2), new Guid(bytes), time, time, DateOnly.FromDateTime(time), TimeOnly.FromDateTime(time), time.TimeOfDay, flag ? (int)number : null, flag ? null : real,
            flag ? (int)number / 10m : null, flag ? Kind.Large : null, flag ? time : null, flag ? null : DateOnly.FromDateTime(time));

    [Fact]
    public void Records_come_back_as_they_were_written_also_from_the_middle() => Gen.Select(Anything.Array[0, 30], Gen.Int[1, 12], Gen.Int[0, 3]).Sample(
        (rows, group, compression) =>
        {
            using var folder = new TempFolder();
            string path = folder.Write("a.parquet", Rows.File(rows, new ParquetOptions { RowGroupRows = group, Compression = (ParquetCompression)compression }));
            Assert.Equal(rows, ParquetFormat.Of<Everything>().ReadFile(path));
            ResumeCheck.EveryRecord(new FileSource<Everything>(path, ParquetFormat.Of<Everything>()), rows);
        },
        iter: 10);

    [Fact]
    public void A_position_is_the_number_of_the_row()
    {
        var rows = Enumerable.Range(0, 5000).Select(i => new Row(i, $"n{i % 7}")).ToArray();
        var source = new FileSource<Row>(_folder.Write("a.parquet", Rows.File(rows, new ParquetOptions { RowGroupRows = 1700 })), ParquetFormat.Of<Row>());
        foreach (int at in (int[])[0, 1, 1023, 1024, 1699, 1700, 1701, 3400, 4999, 5000])
        {
            var first = source.Run();
            while (first.Records.Count < at)
            {
                first.Read(0, Math.Min(100, at - first.Records.Count));
            }

            var snapshot = first.Snapshot();
            first.Close();
            Assert.Equal(at, snapshot.Readers[0] is [var split] ? split.Position : 0);
            var second = new SourceRun<Row, FileSplit, FileEnumeratorState>(source, restored: snapshot).Drain(1000);
            second.Close();
            Assert.Equal(rows[at..], second.Records);
        }
    }

    [Fact]
    public void How_many_rows_are_left_is_known()
    {
        var rows = Enumerable.Range(0, 5000).Select(i => new Row(i, $"n{i % 7}")).ToArray();
        var run = new FileSource<Row>(_folder.Write("a.parquet", Rows.File(rows, new ParquetOptions { RowGroupRows = 1700 })), ParquetFormat.Of<Row>()).Run();
        while (run.Records.Count < 1_800)
        {
            run.Read(0, 100);
        }

        Assert.Equal(3_200, run.Readers[0].PendingRecords);
        Assert.InRange(run.Readers[0].PendingBytes!.Value, 1, new FileInfo(_folder["a.parquet"]).Length * 2 / 3);
        run.Drain(1_000).Close();
    }

    [Fact]
    public void Columns_match_by_name_whatever_their_case_and_order_and_others_are_not_read()
    {
        string path = _folder.Write("a.parquet", Rows.File(new[] { new { other = 1.5, NAME = "x", ID = 5L } }));
        Assert.Equal([new Row(5, "x")], ParquetFormat.Of<Row>().ReadFile(path));
        Assert.Equal([new Row(1, "x")], ParquetFormat.Of<Row>(new ParquetOptions { Columns = new Dictionary<string, string> { ["Id"] = "other2" }, AllowMissingColumns = true }).ReadFile(path).Select(row => row with { Id = 1 }));
    }

    private sealed record Needs(int Id, string Name, DateTime When);

    [Fact]
    public void A_missing_column_is_an_error_before_the_job_starts_that_names_it_and_those_that_there_are()
    {
        string path = _folder.Write("a.parquet", Rows.File(new[] { new Row(1) }));
        var error = Assert.Throws<ConnectorException>(() => new FileSource<Needs>(path, ParquetFormat.Of<Needs>()).Validate());
        Assert.Equal("MR7103", error.Code);
        Assert.Contains("no column for Needs's When; its columns are Id, Name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_of_another_type_is_an_error_that_names_both()
    {
        string path = _folder.Write("a.parquet", Rows.File(new[] { new { Id = "five", Name = "x" } }));
        var error = Assert.Throws<ConnectorException>(() => new FileSource<Row>(path, ParquetFormat.Of<Row>()).Validate());
        Assert.Equal("MR7103", error.Code);
        Assert.Contains("column Id has values of type String, which do not fit Row.Id of type Int32", error.Message, StringComparison.Ordinal);
    }

    private sealed record Listed(int[] Values);

    private sealed record Flat(int Id);

    [Fact]
    public void A_type_that_no_column_holds_and_a_column_of_lists_are_errors()
    {
        Assert.Contains("Listed.Values", Assert.Throws<ConnectorException>(() => ParquetFormat.Of<Listed>()).Message, StringComparison.Ordinal);
        string path = _folder["lists.parquet"];
        using (var file = new ParquetFileWriter(path, [new Column<int[]>("Id")]))
        {
            using var group = file.AppendRowGroup();
            using var column = group.NextColumn();
            using var values = column.LogicalWriter<int[]>();
            values.WriteBatch([[1, 2]]);
            file.Close();
        }

        Assert.Throws<ConnectorException>(() => new FileSource<Flat>(path, ParquetFormat.Of<Flat>()).Validate());
    }

    [Fact]
    public void Null_or_a_number_too_large_is_a_malformed_row_by_its_number()
    {
        var rows = new (long? Id, string Name)[] { (1, "a"), (null, "b"), (3, "c"), (long.MaxValue, "d"), (5, "e") };
        string path = _folder.Write("a.parquet", Rows.File(rows.Select(row => new { row.Id, row.Name })));
        var error = Assert.Throws<ConnectorException>(() => new FileSource<Row>(path, ParquetFormat.Of<Row>()).Run().Drain());
        Assert.Equal("MR7101", error.Code);
        Assert.Contains("row 2: column Id: expected a value of type Int32, found null", error.Message, StringComparison.Ordinal);

        var tag = new OutputTag<MalformedRow>("bad");
        var run = new FileSource<Row>(path, ParquetFormat.Of<Row>(), new FileSourceOptions { OnMalformed = OnMalformed.ToSideOutput(tag) }).Run().Drain();
        Assert.Equal([1, 3, 5], run.Records.Select(row => row.Id));
        Assert.Equal([2, 4], run.Outputs[0].Malformed.Select(row => row.Line));
        Assert.Equal(2, run.Contexts[0].Skipped);
    }

    [Fact]
    public void A_file_that_is_none_or_is_cut_off_is_damaged_and_one_that_became_shorter_is_another()
    {
        byte[] whole = Rows.File(Enumerable.Range(0, 100).Select(i => new Row(i)));
        Assert.Equal("MR7101", Assert.Throws<ConnectorException>(() => new FileSource<Row>(_folder.Write("a.parquet", "no"), ParquetFormat.Of<Row>()).Validate()).Code);
        Assert.Equal("MR7101", Assert.Throws<ConnectorException>(() => new FileSource<Row>(_folder.Write("a.parquet", whole[..^20]), ParquetFormat.Of<Row>()).Validate()).Code);

        var source = new FileSource<Row>(_folder.Write("a.parquet", whole), ParquetFormat.Of<Row>());
        var run = source.Run();
        while (run.Records.Count < 50)
        {
            run.Read(0, 50);
        }

        var snapshot = run.Snapshot();
        run.Close();
        _folder.Write("a.parquet", Rows.File(new[] { new Row(1) }));
        Assert.Equal("MR7104", Assert.Throws<ConnectorException>(() => new SourceRun<Row, FileSplit, FileEnumeratorState>(source, restored: snapshot).Drain()).Code);
    }

    [Fact]
    public void An_empty_file_has_no_records() =>
        Assert.Empty(ParquetFormat.Of<Row>().ReadFile(_folder.Write("a.parquet", Rows.File(Array.Empty<Row>()))));

    [Fact]
    public void Rows_can_be_turned_into_other_records_as_they_are_read()
    {
        string path = _folder.Write("a.parquet", Rows.File(Enumerable.Range(0, 20).Select(i => new Row(i, "x"))));
        ResumeCheck.EveryRecord(new FileSource<string>(path, ParquetFormat.Of<Row>().Select(row => $"{row.Name}{row.Id}")), [.. Enumerable.Range(0, 20).Select(i => $"x{i}")]);
        var picky = ParquetFormat.Of<Row>().Select(row => row.Id == 3 ? throw new FormatException("three") : row.Id);
        var error = Assert.Throws<ConnectorException>(() => new FileSource<int>(path, picky).Run().Drain());
        Assert.Contains("row 4: the row makes no Int32: three", error.Message, StringComparison.Ordinal);
        Assert.Equal(19, new FileSource<int>(path, picky, new FileSourceOptions { OnMalformed = OnMalformed.Skip }).Run().Drain(7).Records.Count);
    }
}
