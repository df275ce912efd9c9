using Millrace.Connectors;
using Millrace.Testing;
using Millrace.Tests.Connectors;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Jobs that read and write by way of connectors.</summary>
internal static partial class MatrixJobs
{
    private static MatrixJob[] FilesAndSequences =>
    [
        new("compressed files into buckets", CompressedFilesIntoBuckets, KnownResults: new JobResults([new("buckets", Enumerable.Range(0, 300).Select(i => $"{i}"))])),
        new("small files that are merged", SmallFilesThatAreMerged, KnownResults: new JobResults([new("hidden", []), new("merged", Enumerable.Range(0, 400).Select(i => $"{i}"))])),
        new("a repeatable asynchronous sequence", AsyncSequence, KeepsNoState: true),
        new("a hybrid source", job => job.Capture(job.Env.FromSource(HybridSource.Of(new SequenceSource(0, 199), new SequenceSource(1000, 1199))).Rebalance().Map(n => n + 1), "numbers"), KeepsNoState: true),
    ];

    private static void CompressedFilesIntoBuckets(JobUnderTest job)
    {
        string input = Path.Combine(job.Folder, "compressed");
        if (!Directory.Exists(input))
        {
            Directory.CreateDirectory(input);
            for (int file = 0; file < 3; file++)
            {
                string text = string.Concat(Enumerable.Range(file * 100, 100).Select(i => $"{i}\n"));
                File.WriteAllBytes(Path.Combine(input, $"{file}.txt"), file switch
                {
                    0 => CompressedFileTests.Gzip(text),
                    1 => CompressedFileTests.Zstd(text),
                    _ => System.Text.Encoding.UTF8.GetBytes(text),
                });
            }
        }

        job.Env.FromSource(new FileSource<string>(input, FileFormat.Text)).Rebalance().Map(line => line)
            .SinkTo(new FileSink<string>(Path.Combine(job.Folder, "buckets"), FileFormat.Text, new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append })
            {
                Buckets = BucketAssigner.By<string>(line => $"last={line[^1]}/first={line[0]}"),
            });
        job.CaptureFiles("buckets");
    }

    private static void SmallFilesThatAreMerged(JobUnderTest job)
    {
        string output = Path.Combine(job.Folder, "merged");

        // Every third start merges nothing: what is left from before is committed all the same.
        var options = new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append, Compaction = job.Start % 3 == 0 ? null : new FileCompactionOptions { Checkpoints = 2 } };
        job.Env.FromSequence(0, 399).Rebalance().Map(n => n).SinkTo(new FileSink<long>(output, JsonFormat.Lines<long>(), options) { Buckets = BucketAssigner.By<long>(n => $"{n % 3}") });
        job.CaptureFiles("merged");
        job.CaptureAtEnd("hidden", () => Directory.EnumerateFiles(output, ".*", SearchOption.AllDirectories));
    }

    private static void AsyncSequence(JobUnderTest job)
    {
        job.Capture(job.Env.FromAsyncEnumerable(Numbers, isRepeatable: true).Rebalance().Map(n => n * 3), "numbers");

        static async IAsyncEnumerable<int> Numbers([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            // All there: what is waited for comes from other threads, of which a simulation has none.
            await Task.CompletedTask;
            cancellationToken.ThrowIfCancellationRequested();
            for (int i = 0; i < 400; i++)
            {
                yield return i;
            }
        }
    }
}
