using System.Globalization;
using Millrace.Connectors;
using Millrace.State;
using Millrace.Testing;
using Millrace.Tests.Diagnostics;

namespace Millrace.Tests.Connectors;

/// <summary>Small files of checkpoints become one before anybody sees them.</summary>
public sealed class FileCompactionTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly LogLines _log = new();
    private int _places;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private sealed record Row(int Id, string Name);

    private sealed record WiderRow(int Id, string Name, bool IsNew);

    private static FileSinkOptions Options(int checkpoints = 3, long fileSize = 1_000_000) =>
        new() { FlushToDisk = false, WhenFolderHasFiles = WhenFolderHasFiles.Append, Compaction = new FileCompactionOptions { Checkpoints = checkpoints, FileSize = fileSize } };

    private FileSink<int> Sink(FileSinkOptions? options = null, BucketAssigner<int>? buckets = null) => new(_folder.Path, JsonFormat.Lines<int>(), options ?? Options()) { Buckets = buckets };

    private SinkWriterContext Attempt(long epoch, long? restored, OperatorStateStore? state = null, int subtask = 0, int parallelism = 1) =>
        Fakes.SinkContext(subtask, parallelism, checkpoints: true) with { Epoch = epoch, RestoredCheckpointId = restored, Logger = _log.CreateLogger("sink"), State = state ?? OperatorStateStore.Transient() };

    private string[] Visible() => [.. Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file)[0] != '.')
        .Select(file => Path.GetRelativePath(_folder.Path, file)).Order(StringComparer.Ordinal)];

    private string[] Hidden() => [.. Directory.EnumerateFiles(_folder.Path, ".*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder.Path, file)).Order(StringComparer.Ordinal)];

    private static async Task<IReadOnlyList<PendingFile>> CheckpointAsync<T>(CommittingSinkWriter<T, PendingFile> writer, long id, params T[] records)
    {
        await writer.WriteAsync(Fakes.Batch(records), Cancel);
        var prepared = await writer.PrepareCommitAsync(id, false, Cancel);
        writer.SnapshotState(id);
        return prepared;
    }

    private static ValueTask CommitAsync<T>(FileSink<T> sink, IReadOnlyList<PendingFile> files) => sink.CreateCommitter(Fakes.SinkContext()).CommitAsync(files, Cancel);

    [Fact]
    public async Task Files_of_several_checkpoints_become_one_and_the_small_ones_are_never_seen()
    {
        var sink = Sink();
        var writer = sink.CreateWriter(Attempt(1, null));
        for (int checkpoint = 1; checkpoint <= 3; checkpoint++)
        {
            Assert.Empty(await CheckpointAsync(writer, checkpoint, checkpoint, -checkpoint));
        }

        Assert.Empty(Visible());
        Assert.Equal(3, sink.FilesToMerge);

        // Begun at the third checkpoint, and part of the fourth.
        var prepared = await CheckpointAsync(writer, 4);
        var merged = Assert.Single(prepared);
        Assert.Equal((6, 3), (merged.Records, merged.MergedFrom.Count));
        Assert.Empty(Visible());
        await CommitAsync(sink, prepared);
        Assert.Equal("1\n-1\n2\n-2\n3\n-3\n", await File.ReadAllTextAsync(_folder[Assert.Single(Visible())], Cancel));
        Assert.Equal(merged.Bytes, new FileInfo(merged.FinalPath).Length);
        Assert.Empty(Hidden());
        Assert.Equal((3L, 0), (sink.MergedFiles, sink.FilesToMerge));
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Enough_bytes_are_merged_at_once_and_a_large_file_goes_as_it_is()
    {
        var sink = Sink(Options(checkpoints: 100, fileSize: 8));
        var writer = sink.CreateWriter(Attempt(1, null));
        Assert.Empty(await CheckpointAsync(writer, 1, 1, 2, 3));
        Assert.Empty(await CheckpointAsync(writer, 2, 4, 5));
        Assert.Equal(10, Assert.Single(await CheckpointAsync(writer, 3)).Bytes);
        var large = Assert.Single(await CheckpointAsync(writer, 4, 1111, 2222));
        Assert.Empty(large.MergedFrom);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Each_bucket_has_its_own_and_a_bucket_that_gets_no_more_does_not_wait_for_ever()
    {
        var sink = Sink(Options(checkpoints: 2), BucketAssigner.By<int>(n => n < 10 ? "small" : "large"));
        var writer = sink.CreateWriter(Attempt(1, null));
        await CheckpointAsync(writer, 1, 1, 11);
        var alone = await CheckpointAsync(writer, 2, 12);

        // The only file of its bucket needs no merging.
        Assert.Equal(Path.Combine(_folder.Path, "small", "part-0-0.jsonl"), Assert.Single(alone).FinalPath);
        await CommitAsync(sink, alone);
        await CommitAsync(sink, await CheckpointAsync(writer, 3));
        Assert.Equal(2, Visible().Length);
        Assert.Equal(["11", "12"], File.ReadLines(_folder[Visible()[0]]));
        Assert.Empty(Hidden());
        await writer.CloseAsync();
    }

    [Fact]
    public async Task At_the_end_of_the_input_nothing_is_left()
    {
        var sink = Sink(Options(checkpoints: 100));
        var writer = sink.CreateWriter(Attempt(1, null));
        await CheckpointAsync(writer, 1, 1);
        await writer.WriteAsync(Fakes.Batch(2), Cancel);
        await CommitAsync(sink, await writer.PrepareCommitAsync(2, true, Cancel));
        Assert.Equal(["1", "2"], File.ReadLines(_folder[Assert.Single(Visible())]));
        await writer.CloseAsync();
        Assert.Empty(Hidden());
    }

    [Fact]
    public async Task Csv_has_its_header_once()
    {
        var sink = new FileSink<Row>(_folder.Path, CsvFormat.Of<Row>(), Options());
        var writer = sink.CreateWriter(Attempt(1, null));
        await CheckpointAsync(writer, 1, new Row(1, "a\nb"));
        await writer.WriteAsync(Fakes.Batch(new Row(2, "c")), Cancel);
        await CommitAsync(sink, await writer.PrepareCommitAsync(2, true, Cancel));
        Assert.Equal("Id,Name\n1,\"a\nb\"\n2,c\n", await File.ReadAllTextAsync(_folder[Assert.Single(Visible())], Cancel));
        await writer.CloseAsync();
    }

    [Fact]
    public async Task A_merged_file_whose_checkpoint_never_was_complete_is_removed_and_made_again()
    {
        var state = OperatorStateStore.Transient();
        var dead = Sink().CreateWriter(Attempt(1, null, state));
        for (int checkpoint = 1; checkpoint <= 3; checkpoint++)
        {
            await CheckpointAsync(dead, checkpoint, checkpoint);
        }

        PendingFile[] waiting = [.. state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Items];
        await CheckpointAsync(dead, 4, 4);
        state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Update(waiting);

        var sink = Sink();
        var writer = sink.CreateWriter(Attempt(2, 3, state));
        Assert.Equal(3, Hidden().Length);
        await CheckpointAsync(writer, 4, 4);
        await CommitAsync(sink, await CheckpointAsync(writer, 5));
        Assert.Equal(["1", "2", "3"], File.ReadLines(_folder[Assert.Single(Visible())]));
        await writer.CloseAsync();
    }

    [Fact]
    public async Task A_commit_that_died_before_it_had_deleted_the_small_files_is_ended_by_the_next()
    {
        var sink = Sink(Options(checkpoints: 2));
        var writer = sink.CreateWriter(Attempt(1, null));
        await CheckpointAsync(writer, 1, 1);
        await CheckpointAsync(writer, 2, 2);
        var prepared = await CheckpointAsync(writer, 3);
        File.Move(Assert.Single(prepared).PendingPath, prepared[0].FinalPath);
        await CommitAsync(sink, prepared);
        await CommitAsync(sink, prepared);
        Assert.Equal(["1", "2"], File.ReadLines(_folder[Assert.Single(Visible())]));
        Assert.Empty(Hidden());
        await writer.CloseAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_that_wait_are_somebodys_at_any_parallelism_also_of_a_job_that_no_longer_merges(bool merges)
    {
        var states = Enumerable.Range(0, 3).Select(_ => OperatorStateStore.Transient()).ToList();
        for (int subtask = 0; subtask < 3; subtask++)
        {
            var dead = Sink().CreateWriter(Attempt(1, null, states[subtask], subtask, 3));
            await CheckpointAsync(dead, 1, subtask);
            await CheckpointAsync(dead, 2, subtask + 10);
        }

        var waiting = states.SelectMany(state => state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Items).ToList();
        Assert.Equal(6, waiting.Count);
        var sink = merges ? Sink() : Sink(new FileSinkOptions { FlushToDisk = false });
        for (int subtask = 0; subtask < 2; subtask++)
        {
            var state = OperatorStateStore.Transient();
            state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Update(waiting);
            var writer = sink.CreateWriter(Attempt(2, 2, state, subtask, 2));
            await CommitAsync(sink, await CheckpointAsync(writer, 3));
            await CommitAsync(sink, await CheckpointAsync(writer, 4));
            await writer.CloseAsync();
        }

        Assert.Equal(merges ? 3 : 6, Visible().Length);
        Assert.Equal([0, 1, 2, 10, 11, 12], Visible().SelectMany(file => File.ReadLines(_folder[file])).Select(int.Parse).Order());
        Assert.Empty(Hidden());
    }

    [Fact]
    public async Task A_restore_from_before_the_merged_file_finds_that_its_files_are_in_it()
    {
        var sink = Sink(Options(checkpoints: 2));
        var state = OperatorStateStore.Transient();
        var writer = sink.CreateWriter(Attempt(1, null, state));
        await CheckpointAsync(writer, 1, 1);
        await CheckpointAsync(writer, 2, 2);
        PendingFile[] waiting = [.. state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Items];
        await CommitAsync(sink, await CheckpointAsync(writer, 3));

        // One of the two was not deleted, or came back from a backup.
        await File.WriteAllTextAsync(waiting[1].PendingPath, "2\n", Cancel);
        state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Update(waiting);
        var next = sink.CreateWriter(Attempt(2, 2, state));
        Assert.Empty(await CheckpointAsync(next, 3));
        Assert.Empty(await CheckpointAsync(next, 4));
        Assert.Equal(["1", "2"], File.ReadLines(_folder[Assert.Single(Visible())]));
        Assert.Empty(Hidden());

        File.Delete(_folder[Visible()[0]]);
        state.GetUnionListState(new ListStateDescriptor<PendingFile>("files-to-merge")).Update(waiting);
        Assert.Equal("MR7106", Assert.Throws<ConnectorException>(() => sink.CreateWriter(Attempt(3, 2, state))).Code);
    }

    [Fact]
    public async Task Files_of_a_program_with_other_columns_are_committed_as_they_are_with_a_warning()
    {
        var state = OperatorStateStore.Transient();
        var dead = new FileSink<Row>(_folder.Path, CsvFormat.Of<Row>(), Options()).CreateWriter(Attempt(1, null, state));
        await CheckpointAsync(dead, 1, new Row(1, "a"));
        await CheckpointAsync(dead, 2, new Row(2, "b"));

        var sink = new FileSink<WiderRow>(_folder.Path, CsvFormat.Of<WiderRow>(), Options());
        var writer = sink.CreateWriter(Attempt(2, 2, state));
        Assert.Empty(await CheckpointAsync(writer, 3));
        await CommitAsync(sink, await CheckpointAsync(writer, 4));
        Assert.Equal(["part-0-0.csv", "part-0-2.csv"], Visible());
        Assert.All(Visible(), file => Assert.Equal("Id,Name", File.ReadLines(_folder[file]).First()));
        Assert.Single(_log.Of(7102));
        Assert.Empty(Hidden());
        await writer.CloseAsync();
    }

    [Fact]
    public async Task A_writer_that_is_closed_in_the_middle_leaves_what_the_checkpoint_has()
    {
        var writer = Sink(Options(checkpoints: 2)).CreateWriter(Attempt(1, null));
        await CheckpointAsync(writer, 1, 1);
        await CheckpointAsync(writer, 2, 2);
        await writer.CloseAsync();
        Assert.Equal([".part-0-0.jsonl.e1.c1.pending", ".part-0-2.jsonl.e1.c2.pending"], Hidden());
    }

    [Fact]
    public async Task Without_checkpoints_files_are_not_held_back()
    {
        var sink = Sink();
        var writer = sink.CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Fakes.Batch(1), Cancel);
        Assert.Empty(Assert.Single(await writer.PrepareCommitAsync(1, true, Cancel)).MergedFrom);
        await writer.CloseAsync();
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 1)]
    public void Options_out_of_range_are_refused(long fileSize, int checkpoints) => Assert.Throws<ArgumentOutOfRangeException>(() => Sink(Options(checkpoints, fileSize)));

    /// <summary>Also where some attempts merge and some do not, and where files are of one kind or the other.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public Task It_conforms(bool hasBuckets, bool concatenates) => SinkConformance.CheckExactlyOnceAsync<int, PendingFile>(
        () =>
        {
            string place = _folder[$"out{_places++}"];
            int attempts = 0;
            return new SinkUnderTest<int>(
                () => new FileSink<int>(place, concatenates ? JsonFormat.Lines<int>() : new RecordWise(), ++attempts % 3 == 0 ? new FileSinkOptions { FlushToDisk = false } : Options(checkpoints: 2, fileSize: 60))
                {
                    Buckets = hasBuckets ? BucketAssigner.By<int>(n => $"b{n % 3}") : null,
                },
                () => !Directory.Exists(place) ? [] : Directory.EnumerateFiles(place, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file)[0] != '.')
                    .SelectMany(File.ReadLines).Select(int.Parse));
        },
        i => i,
        new SinkConformanceOptions { MayHoldBack = true },
        Cancel);

    /// <summary>Failures, cancellations, savepoints and other parallelisms, on real threads.</summary>
    [Fact]
    public async Task A_job_leaves_every_record_once_and_no_small_file_whatever_interrupts_it()
    {
        await JobEquivalence.CheckOnThreadsAsync(
            job =>
            {
                string output = Path.Combine(job.Folder, "out");
                job.Env.FromSequence(0, 4_999).Rebalance().Map(n => n).SinkTo(new FileSink<long>(output, JsonFormat.Lines<long>(), Options(checkpoints: 2)) { Buckets = BucketAssigner.By<long>(n => $"b{n % 2}") });
                job.CaptureFiles("out");
                job.CaptureAtEnd("hidden", () => Directory.EnumerateFiles(output, ".*", SearchOption.AllDirectories));
            },
            new JobResults([new("out", Enumerable.Range(0, 5_000).Select(n => n.ToString(CultureInfo.InvariantCulture))), new("hidden", [])]),
            new JobEquivalenceOptions { Seeds = 4 },
            Cancel);
    }

    /// <summary>JSON lines that must be read and written, as Parquet must.</summary>
    private sealed class RecordWise : FileFormat<int>
    {
        private readonly FileFormat<int> _lines = JsonFormat.Lines<int>();

        public override string Name => _lines.Name;

        public override string Extension => _lines.Extension;

        public override FileRecordReader<int> CreateReader(FileReadContext<int> context) => _lines.CreateReader(context);

        public override FileEncoder<int> CreateEncoder() => _lines.CreateEncoder();
    }
}
