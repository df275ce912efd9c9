using Millrace.Checkpointing;
using Millrace.Cluster.Session;

namespace Millrace.Cluster.Tests.Session;

/// <summary>Programs are kept by the hash of what they are, and what is read is what the hash says.</summary>
public sealed class ProgramStorageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-programs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_same_content_is_kept_once_and_read_back()
    {
        var storage = Storage();
        var first = Add(storage, "one", "content");
        Assert.Equal(first, Add(storage, "another name", "content"));
        var second = Add(storage, "two", "other content");
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal([second.Id, first.Id], storage.List().Select(program => program.Id));
        using var read = new MemoryStream();
        storage.Fetch(first.Id, read, 100);
        Assert.Equal("content"u8.ToArray(), read.ToArray());

        storage.Withdraw(first.Id);
        Assert.Null(storage.Find(first.Id));
        storage.Delete(first.Id);
        Assert.Equal("MR6023", Assert.Throws<MillraceException>(() => storage.Fetch(first.Id, Stream.Null, 100)).Code);
        Assert.Equal([second.Id], storage.List().Select(program => program.Id));
    }

    [Fact]
    public void What_somebody_has_changed_is_not_run()
    {
        var storage = Storage();
        var program = Add(storage, "one", "content");
        File.WriteAllText(Path.Combine(_folder, program.Id + ".zip"), "CONTENT");
        Assert.Equal("MR6027", Assert.Throws<MillraceException>(() => storage.Fetch(program.Id, Stream.Null, 100)).Code);
        File.WriteAllText(Path.Combine(_folder, program.Id + ".zip"), new string('0', 101));
        Assert.Contains("more than 100 bytes", Assert.Throws<MillraceException>(() => storage.Fetch(program.Id, Stream.Null, 100)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("0123")]
    [InlineData("ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    public void What_is_no_id_names_no_file(string id)
    {
        Assert.Null(Storage().Find(id));
        Assert.Equal("MR6023", Assert.Throws<MillraceException>(() => Storage().Fetch(id, Stream.Null, 100)).Code);
    }

    private static ProgramInfo Add(ProgramStorage storage, string name, string content)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content));
        return storage.Add(stream, new ProgramInfo(ProgramStorage.IdOf(stream), name, stream.Length, DateTimeOffset.UnixEpoch.AddDays(content.Length), "entry.dll", ["Job"])) with { Jobs = [] };
    }

    private ProgramStorage Storage() => new(new DirectoryCheckpointStorage(_folder));
}
