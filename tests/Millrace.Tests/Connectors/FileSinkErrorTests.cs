using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using CsCheck;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

/// <summary>Records that cannot be encoded: the job goes on without them, and no file has a part of one.</summary>
public sealed class FileSinkErrorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>A record whose second member throws, when the first is written already.</summary>
    private sealed record Fragile(int Id, bool IsBroken)
    {
        public string Name
        {
            get => IsBroken ? throw new FormatException($"{Id} is broken") : $"n{Id}";
            init => _ = value;
        }
    }

    /// <summary>Knows nothing of errors, as formats of others may.</summary>
    private sealed class Careless : FileFormat<Fragile>
    {
        public override string Name => "careless";

        public override string Extension => "txt";

        public override FileRecordReader<Fragile> CreateReader(FileReadContext<Fragile> context) => throw new NotSupportedException();

        public override FileEncoder<Fragile> CreateEncoder() => new Encoder();

        private sealed class Encoder : FileEncoder<Fragile>
        {
            public override void Write(IBufferWriter<byte> output, ReadOnlySpan<Fragile> records)
            {
                foreach (var record in records)
                {
                    Encoding.UTF8.GetBytes($"{record.Id},", output);
                    Encoding.UTF8.GetBytes($"{record.Name}\n", output);
                }
            }
        }
    }

    private static FileFormat<Fragile> Format(string name) => name switch
    {
        "json" => JsonFormat.Lines<Fragile>(),
        "csv" => CsvFormat.Of<Fragile>(),
        _ => new Careless(),
    };

    private static int IdIn(string line) => int.Parse(new string([.. line.Where(char.IsAsciiDigit).Take(6)]), CultureInfo.InvariantCulture);

    /// <summary>What the engine does: goes on behind each record that is refused.</summary>
    private static async Task<List<Fragile>> WriteAsync(CommittingSinkWriter<Fragile, PendingFile> writer, Fragile[] records)
    {
        var rejected = new List<Fragile>();
        for (int start = 0; start < records.Length;)
        {
            try
            {
                await writer.WriteAsync(Fakes.Batch(records[start..]), Cancel);
                break;
            }
            catch (RecordWriteException failure)
            {
                Assert.IsType<FormatException>(failure.InnerException);
                rejected.Add(records[start + failure.Index]);
                start += failure.Index + 1;
            }
        }

        return rejected;
    }

    [Theory]
    [InlineData("json")]
    [InlineData("csv")]
    [InlineData("careless")]
    public void Files_have_all_good_records_in_order_and_nothing_of_others(string format) => Gen.Select(Gen.Bool, Gen.Bool.Array[0, 300].Array[1, 5]).Sample(
        input =>
        {
            var (hasBuckets, batches) = input;
            using var folder = new TempFolder();
            var sink = new FileSink<Fragile>(folder.Path, Format(format), new FileSinkOptions { FlushToDisk = false, MaxFileSize = 2_000 })
            {
                Buckets = hasBuckets ? BucketAssigner.By<Fragile>(record => record.Id % 7 == 3 && record.IsBroken ? throw new FormatException("no bucket") : $"b{record.Id / 10 % 2}") : null,
            };
            var writer = sink.CreateWriter(Fakes.SinkContext(checkpoints: true));
            int id = 100_000;
            List<Fragile> all = [], rejected = [], written = [];
            foreach (bool[] batch in batches)
            {
                Fragile[] records = [.. batch.Select(isBroken => new Fragile(id++, isBroken))];
                all.AddRange(records);
                rejected.AddRange(WriteAsync(writer, records).GetAwaiter().GetResult());
            }

            var files = writer.PrepareCommitAsync(1, true, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            writer.CloseAsync().AsTask().GetAwaiter().GetResult();
            Assert.Equal(all.Where(record => record.IsBroken), rejected);
            var lines = files.Select(file => (file, Lines: File.ReadAllLines(file.PendingPath).Skip(format == "csv" ? 1 : 0).ToList())).ToList();
            Assert.All(lines, file => Assert.Equal(file.file.Records, file.Lines.Count));
            Assert.All(lines, file => Assert.NotEmpty(file.Lines));
            Assert.All(lines.SelectMany(file => file.Lines), line => Assert.Contains($"n{IdIn(line)}", line, StringComparison.Ordinal));
            Assert.Equal(all.Where(record => !record.IsBroken).Select(record => record.Id), lines.SelectMany(file => file.Lines).Select(IdIn).Order());
            Assert.Equal(files.Count, Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Length);
        },
        iter: 60,
        threads: 1);

    [Fact]
    public async Task A_file_that_was_begun_for_records_that_cannot_be_written_is_none()
    {
        var writer = new FileSink<Fragile>(_folder.Path, CsvFormat.Of<Fragile>()).CreateWriter(Fakes.SinkContext(checkpoints: true));
        Assert.Equal(2, (await WriteAsync(writer, [new Fragile(1, true), new Fragile(2, true)])).Count);
        Assert.Empty(await writer.PrepareCommitAsync(1, false, Cancel));
        Assert.Empty(_folder.Names());
        await writer.CloseAsync();
    }

    [Fact]
    public async Task A_job_has_dead_letters_of_them_and_counts_them()
    {
        OutputTag<DeadLetter<Fragile>> broken = new("broken");
        var env = new StreamExecutionEnvironment { Options = { Parallelism = 2 } };
        var sink = env.FromSequence(0, 999).Map(n => new Fragile((int)n, n % 100 == 7)).SinkTo(new FileSink<Fragile>(_folder.Path, JsonFormat.Lines<Fragile>())).Name("files").OnError(ErrorPolicy.ToSideOutput(broken));
        var letters = new ConcurrentQueue<DeadLetter<Fragile>>();
        sink.GetSideOutput(broken).ForEach(letters.Enqueue);
        var result = await env.ExecuteAsync(cancellationToken: Cancel);
        Assert.Equal(Enumerable.Range(0, 10).Select(n => (n * 100) + 7), letters.Select(letter => letter.Record!.Id).Order());
        Assert.All(letters, letter => Assert.Equal(("files", FailureStage.Write, typeof(FormatException).FullName), (letter.Operator, letter.Stage, letter.ExceptionType)));
        Assert.Equal(10, result.Metrics.RecordsInErrors);
        Assert.Equal(990, _folder.Names().Sum(name => File.ReadLines(_folder[name]).Count()));
    }

    [Fact]
    public async Task Without_a_policy_the_job_fails_and_says_of_which_record()
    {
        var env = new StreamExecutionEnvironment { Options = { Parallelism = 1 } };
        env.FromSequence(0, 9).Map(n => new Fragile((int)n, n == 4)).SinkTo(new FileSink<Fragile>(_folder.Path, JsonFormat.Lines<Fragile>())).Name("files");
        var error = await Assert.ThrowsAsync<JobFailedException>(() => env.ExecuteAsync(cancellationToken: Cancel));
        Assert.Contains("4 is broken", error.Message, StringComparison.Ordinal);
        Assert.Contains("ErrorPolicy.Skip", error.Message, StringComparison.Ordinal);
    }
}
