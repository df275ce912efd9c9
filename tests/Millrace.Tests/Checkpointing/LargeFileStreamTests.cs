#pragma warning disable xUnit1051 // The calls are short and blocking.

using Millrace.Checkpointing;

namespace Millrace.Tests.Checkpointing;

public sealed class LargeFileStreamTests : IDisposable
{
    private const int Block = 1 << 20;
    private const string InMemory = "/dev/shm";
    private readonly string _root = Directory.CreateTempSubdirectory("millrace-large-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(4096, 1000)]
    [InlineData(Block - 1, 4096)]
    [InlineData(Block, 100_000)]
    [InlineData(Block + 1, Block + 1)]
    [InlineData((3 * Block) + 5, 131_077)]
    [InlineData(4 * Block, 4 * Block)]
    public void The_file_has_what_was_written(int length, int piece) => MustComeBack(_root, length, piece);

    [Fact]
    public void A_file_system_without_writes_past_the_cache_takes_it_too()
    {
        // Where this is a file system in memory, which has nothing but the cache (before Linux 6.6 it refused the request).
        Assert.SkipUnless(Directory.Exists(InMemory), $"There is no {InMemory}.");
        string folder = Directory.CreateDirectory(Path.Combine(InMemory, Path.GetFileName(_root))).FullName;
        try
        {
            MustComeBack(folder, (2 * Block) + 77, 10_000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Files_that_are_written_together_do_not_share_memory()
    {
        byte[] first = Content(Block + 10, 1);
        byte[] second = Content(Block + 10, 2);
        using (var one = new LargeFileStream(Path.Combine(_root, "one")))
        using (var two = new LargeFileStream(Path.Combine(_root, "two")))
        {
            for (int at = 0; at < first.Length; at += 100_000)
            {
                one.Write(first.AsSpan(at, Math.Min(100_000, first.Length - at)));
                two.Write(second.AsSpan(at, Math.Min(100_000, second.Length - at)));
            }

            one.End();
            two.End();
        }

        Assert.True(first.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_root, "one"))));
        Assert.True(second.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_root, "two"))));
    }

    private static void MustComeBack(string folder, int length, int piece)
    {
        string path = Path.Combine(folder, "file");
        byte[] content = Content(length, length);
        using (var file = new LargeFileStream(path))
        {
            for (int at = 0; at < length; at += piece)
            {
                file.Write(content.AsSpan(at, Math.Min(piece, length - at)));
            }

            Assert.Equal(length, file.Length);
            file.End();
        }

        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(path)));
    }

    private static byte[] Content(int length, int seed)
    {
        byte[] content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }
}
