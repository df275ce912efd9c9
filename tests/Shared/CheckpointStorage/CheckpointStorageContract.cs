#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using Millrace.Checkpointing;

namespace Millrace.Shared;

/// <summary>What every storage of checkpoints must do. A storage's own test class derives from it.</summary>
public abstract class CheckpointStorageContract
{
    /// <summary>An empty storage, or a part of one that is empty.</summary>
    protected abstract CheckpointStorage Storage { get; }

    /// <summary>Another way to the same files, as another process has it.</summary>
    protected abstract CheckpointStorage Another { get; }

    /// <summary>The size from which the storage works in parts, if it does; the large file has several.</summary>
    protected virtual int LargeSize => 20 << 20;

    [Fact]
    public void A_file_that_was_completed_is_read_back()
    {
        Put("job/chk-1/a", [1, 2, 3]);
        Assert.Equal([1, 2, 3], Get("job/chk-1/a"));
        Assert.Equal([1, 2, 3], Get("job/chk-1/a", Another));
    }

    [Fact]
    public void An_empty_file_is_a_file()
    {
        Put("job/empty", []);
        Assert.Empty(Get("job/empty"));
        Assert.Equal(0, Assert.Single(Storage.List("job")).Length);
    }

    [Fact]
    public void A_completed_file_replaces_the_one_of_its_name()
    {
        Put("job/a", [1, 2, 3]);
        Put("job/a", [9]);
        Assert.Equal([9], Get("job/a"));
    }

    [Fact]
    public void Nobody_sees_a_file_before_it_is_complete()
    {
        using var output = Storage.Create("job/a");
        output.Stream.Write(new byte[200_000]);
        output.Stream.Flush();
        Assert.Empty(Storage.List(""));
        Assert.Throws<FileNotFoundException>(() => Storage.OpenRead("job/a").Dispose());
        output.Complete();
        Assert.Equal(200_000, Assert.Single(Another.List("")).Length);
    }

    [Fact]
    public void A_file_is_the_old_one_until_the_new_one_is_complete()
    {
        Put("job/a", [1]);
        using (var output = Storage.Create("job/a"))
        {
            output.Stream.Write([2]);
            Assert.Equal([1], Get("job/a"));
        }

        Assert.Equal([1], Get("job/a"));
    }

    [Fact]
    public void A_file_that_was_not_completed_leaves_nothing()
    {
        using (var output = Storage.Create("job/torn"))
        {
            output.Stream.Write(new byte[100]);
        }

        using (var output = Storage.Create("job/large"))
        {
            output.Stream.Write(new byte[LargeSize]);
        }

        Assert.Empty(Storage.List(""));
        Assert.Throws<FileNotFoundException>(() => Storage.OpenRead("job/torn").Dispose());
    }

    [Fact]
    public void TryCreate_WhenThereIsOne_LeavesItAsItIs()
    {
        Assert.True(Storage.TryCreate("job/log/1", [1]));
        Assert.False(Storage.TryCreate("job/log/1", [2]));
        Assert.False(Another.TryCreate("job/log/1", [3]));
        Assert.Equal([1], Get("job/log/1"));
        Storage.Delete(["job/log/1"]);
        Assert.True(Another.TryCreate("job/log/1", [4]));
        Assert.Equal([4], Get("job/log/1"));
    }

    [Fact]
    public void Of_many_that_create_the_same_file_at_once_exactly_one_succeeds()
    {
        const int Contenders = 8;
        const int Rounds = 25;
        var won = new int[Rounds];
        var winner = new byte[Rounds];
        Together(Contenders, contender =>
        {
            var storage = contender % 2 == 0 ? Storage : Another;
            for (int round = 0; round < Rounds; round++)
            {
                if (storage.TryCreate($"job/log/{round}", [(byte)contender, 0, 0]))
                {
                    Interlocked.Increment(ref won[round]);
                    winner[round] = (byte)contender;
                }
            }
        });

        Assert.All(won, count => Assert.Equal(1, count));
        for (int round = 0; round < Rounds; round++)
        {
            Assert.Equal([winner[round], 0, 0], Get($"job/log/{round}"));
        }
    }

    [Fact]
    public void Files_are_listed_by_folder_in_the_order_of_their_names()
    {
        foreach (string name in (string[])["job/chk-10/b", "job/chk-1/a", "job/_x", "job/chk-1/_metadata", "job/B", "job-2/a", "job/b", "other"])
        {
            Put(name, [1, 2]);
        }

        Assert.Equal(
            ["job-2/a", "job/B", "job/_x", "job/b", "job/chk-1/_metadata", "job/chk-1/a", "job/chk-10/b", "other"], Storage.List("").Select(file => file.Name));
        Assert.Equal(["job/chk-1/_metadata", "job/chk-1/a"], Storage.List("job/chk-1").Select(file => file.Name));
        Assert.Equal(["job/B", "job/_x", "job/b", "job/chk-1/_metadata", "job/chk-1/a", "job/chk-10/b"], Storage.List("job").Select(file => file.Name));
        Assert.Empty(Storage.List("nothing/here"));
        Assert.All(Storage.List(""), file => Assert.Equal(2, file.Length));
        Assert.All(Storage.List(""), file => Assert.True(file.Modified > DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public void More_files_than_fit_a_page_are_all_listed_and_deleted()
    {
        var names = Enumerable.Range(0, 1_050).Select(number => $"job/chk-1/{number:D5}").ToList();
        Parallel.ForEach(names, new ParallelOptions { MaxDegreeOfParallelism = 4 }, name => Put(name, [7]));
        Assert.Equal(names, Storage.List("job").Select(file => file.Name));
        Storage.Delete(names);
        Assert.Empty(Storage.List(""));
    }

    [Fact]
    public void Deleting_what_is_not_there_is_no_error()
    {
        Put("job/a", [1]);
        Storage.Delete(["job/nothing", "nothing/at/all", "job/a"]);
        Storage.Delete([]);
        Assert.Empty(Storage.List(""));
    }

    [Fact]
    public void Reading_what_is_not_there_is_FileNotFoundException()
    {
        Assert.Throws<FileNotFoundException>(() => Storage.OpenRead("nothing").Dispose());
        Assert.Throws<FileNotFoundException>(() => Storage.OpenRead("nothing/here").Dispose());
    }

    [Fact]
    public void A_stream_knows_its_length_and_seeks()
    {
        var bytes = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 31 % 251)).ToArray();
        Put("job/a", bytes);
        using var stream = Storage.OpenRead("job/a");
        Assert.True(stream.CanSeek);
        Assert.Equal(bytes.Length, stream.Length);
        foreach (int position in (int[])[299_990, 0, 150_000, 150_001, 1])
        {
            stream.Seek(position, SeekOrigin.Begin);
            var part = new byte[Math.Min(500, bytes.Length - position)];
            stream.ReadExactly(part);
            Assert.Equal(bytes[position..(position + part.Length)], part);
            Assert.Equal(position + part.Length, stream.Position);
        }

        stream.Seek(-3, SeekOrigin.End);
        Assert.Equal(bytes[^3], (byte)stream.ReadByte());
        stream.Seek(1, SeekOrigin.Current);
        Assert.Equal(bytes[^1], (byte)stream.ReadByte());
        Assert.Equal(-1, stream.ReadByte());
        stream.Position = 0;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact]
    public void A_large_file_is_read_back_byte_by_byte()
    {
        var bytes = new byte[LargeSize + 4_321];
        new Random(7).NextBytes(bytes);
        using (var output = Storage.Create("job/large"))
        {
            for (int position = 0; position < bytes.Length; position += 70_001)
            {
                output.Stream.Write(bytes.AsSpan(position, Math.Min(70_001, bytes.Length - position)));
            }

            output.Complete();
        }

        Assert.True(Get("job/large").AsSpan().SequenceEqual(bytes));
        Assert.Equal(bytes.Length, Assert.Single(Storage.List("")).Length);
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("job/../../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("job//a")]
    [InlineData("job/a/")]
    [InlineData(".hidden/a")]
    [InlineData("job/a b")]
    [InlineData("job\\a")]
    [InlineData("")]
    public void A_name_that_leads_elsewhere_is_refused(string name)
    {
        Assert.ThrowsAny<ArgumentException>(() => Storage.Create(name).Dispose());
        Assert.ThrowsAny<ArgumentException>(() => Storage.TryCreate(name, [1]));
        Assert.ThrowsAny<ArgumentException>(() => Storage.OpenRead(name).Dispose());
        Assert.ThrowsAny<ArgumentException>(() => Storage.Delete([name]));
    }

    /// <summary>Runs the same on threads of its own, and fails as the first of them that does.</summary>
    protected static void Together(int count, Action<int> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var errors = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            try
            {
                run(number);
            }
#pragma warning disable CA1031 // An error that leaves a thread ends the process.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                errors.Enqueue(exception);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Empty(errors);
    }

    protected void Put(string name, byte[] content)
    {
        using var output = Storage.Create(name);
        output.Stream.Write(content);
        output.Complete();
    }

    protected byte[] Get(string name, CheckpointStorage? storage = null)
    {
        using var stream = (storage ?? Storage).OpenRead(name);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
