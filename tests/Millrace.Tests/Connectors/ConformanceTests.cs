using Millrace.Connectors;
using Millrace.Testing;

namespace Millrace.Tests.Connectors;

/// <summary>The kit of connector authors, on our own.</summary>
public sealed class ConformanceTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private int _places;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sources_of_positions_conform()
    {
        SourceConformance.Check(() => new SequenceSource(5, 104), Enumerable.Range(5, 100).Select(n => (long)n));
        SourceConformance.Check(() => new GeneratorSource<string>(i => $"{i}", 100), Enumerable.Range(0, 100).Select(i => $"{i}"));
        string[] words = ["to", "be", "or", "not", "to", "be"];
        SourceConformance.Check(() => new CollectionSource<string>(words), words);
        SourceConformance.Check(() => new CollectionSource<string>(words, maxParallelism: 4), words);
    }

    [Fact]
    public void File_sources_conform()
    {
        for (int i = 0; i < 4; i++)
        {
            string lines = string.Concat(Enumerable.Range(i * 20, 20).Select(n => $"{n}\n"));
            _folder.Write($"in/{i}.txt", i % 2 == 0 ? System.Text.Encoding.UTF8.GetBytes(lines) : CompressedFileTests.Gzip(lines));
        }

        SourceConformance.Check(() => new FileSource<string>(_folder["in"], FileFormat.Text), Enumerable.Range(0, 80).Select(n => $"{n}"));
    }

    [Fact]
    public void A_repeatable_sequence_conforms()
    {
        SourceConformance.Check(() => new AsyncEnumerableSource<int>(_ => Numbers(), isRepeatable: true), Enumerable.Range(0, 60), new SourceConformanceOptions { Restarts = 12 });

        static async IAsyncEnumerable<int> Numbers()
        {
            for (int i = 0; i < 60; i++)
            {
                if (i % 7 == 3)
                {
                    await Task.Yield();
                }

                yield return i;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task File_sinks_conform(bool hasBuckets) => SinkConformance.CheckExactlyOnceAsync<int, PendingFile>(
        () =>
        {
            string place = _folder[$"out{_places++}"];
            return new SinkUnderTest<int>(
                () => new FileSink<int>(place, JsonFormat.Lines<int>(), new FileSinkOptions { FlushToDisk = false, MaxFileSize = 50 })
                {
                    Buckets = hasBuckets ? BucketAssigner.By<int>(n => $"b{n % 3}") : null,
                },
                () => !Directory.Exists(place) ? [] : Directory.EnumerateFiles(place, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file)[0] != '.')
                    .SelectMany(File.ReadLines).Select(int.Parse));
        },
        i => i,
        cancellationToken: Cancel);

    [Fact]
    public Task Callback_sinks_conform() => SinkConformance.CheckAtLeastOnceAsync(
        () =>
        {
            var seen = new List<int>();
            return new SinkUnderTest<int>(
                () => new BatchCallbackSink<int>(
                    (records, _) =>
                    {
                        seen.AddRange(records);
                        return ValueTask.CompletedTask;
                    },
                    new BatchCallbackOptions { MaxRecords = 7, MaxWait = TimeSpan.FromHours(1) }),
                () => seen);
        },
        i => i,
        cancellationToken: Cancel);

    [Fact]
    public void The_kit_finds_a_source_that_forgets_where_it_was()
    {
        var error = Assert.Throws<ConformanceException>(() => SourceConformance.Check(() => new AsyncEnumerableSource<int>(_ => Numbers(), isRepeatable: false), [0, 1, 2]));
        Assert.Contains("restored", error.Message, StringComparison.Ordinal);

        static async IAsyncEnumerable<int> Numbers()
        {
            await Task.CompletedTask;
            yield return 0;
            yield return 1;
            yield return 2;
        }
    }

    [Fact]
    public void The_kit_finds_a_source_that_loses_a_record() =>
        Assert.Throws<ConformanceException>(() => SourceConformance.Check(() => new SequenceSource(0, 9), Enumerable.Range(0, 11).Select(n => (long)n)));

    [Fact]
    public void The_kit_finds_a_reader_that_nobody_wakes()
    {
        var silent = new ChannelSource<int>();
        var error = Assert.Throws<ConformanceException>(() => SourceConformance.Check(() => silent, [1], new SourceConformanceOptions { Patience = TimeSpan.FromMilliseconds(50) }));
        Assert.Contains("stand still", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("writes at once")]
    [InlineData("commits twice")]
    [InlineData("commits nothing")]
    public async Task The_kit_finds_a_careless_sink(string fault) => await Assert.ThrowsAsync<ConformanceException>(() => SinkConformance.CheckExactlyOnceAsync<int, string>(
        () =>
        {
            var visible = new List<int>();
            return new SinkUnderTest<int>(() => new CarelessSink(fault, visible), () => visible);
        },
        i => i,
        cancellationToken: Cancel));

    private sealed class CarelessSink(string fault, List<int> visible) : CommittingSink<int, string>
    {
        public override CommittingSinkWriter<int, string> CreateWriter(SinkWriterContext context) => new Writer(fault, visible);

        public override Committer<string> CreateCommitter(SinkWriterContext context) => new Commits(fault, visible);

        private sealed class Writer(string fault, List<int> visible) : CommittingSinkWriter<int, string>
        {
            private readonly List<int> _records = [];

            public override ValueTask WriteAsync(SinkBatch<int> batch, CancellationToken cancellationToken)
            {
                (fault == "writes at once" ? visible : _records).AddRange(batch.Values.ToArray());
                return ValueTask.CompletedTask;
            }

            public override ValueTask<IReadOnlyList<string>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
            {
                IReadOnlyList<string> prepared = _records.Count == 0 ? [] : [string.Join(',', _records)];
                _records.Clear();
                return ValueTask.FromResult(prepared);
            }
        }

        private sealed class Commits(string fault, List<int> visible) : Committer<string>
        {
            public override ValueTask CommitAsync(IReadOnlyList<string> committables, CancellationToken cancellationToken)
            {
                if (fault != "commits nothing")
                {
                    visible.AddRange(committables.SelectMany(committable => committable.Split(',')).Select(int.Parse));
                }

                return ValueTask.CompletedTask;
            }
        }
    }
}
