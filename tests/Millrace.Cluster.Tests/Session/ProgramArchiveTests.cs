using System.IO.Compression;
using Millrace.Cluster.Session;

namespace Millrace.Cluster.Tests.Session;

/// <summary>Archives come from outside: nothing of one may end up where it should not, or be more than it says.</summary>
public sealed class ProgramArchiveTests : IDisposable
{
    private const int Link = unchecked((int)0xA1FF0000);
    private static readonly ProgramLimits Limits = new(1 << 20, 1 << 20, 100);

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-archive-").FullName;

    private string Target => Path.Combine(_folder, "inner", "target");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_packed_is_unpacked_and_the_same_files_are_the_same_bytes()
    {
        string first = Folder("first", ("b.dll", "b"), ("a.dll", "a"), ("nested/deep/c.txt", "c"));
        string second = Folder("second", ("nested/deep/c.txt", "c"), ("a.dll", "a"), ("b.dll", "b"));
        File.SetLastWriteTimeUtc(Path.Combine(second, "a.dll"), new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc));
        using var packed = Pack(first);
        using var again = Pack(second);
        Assert.Equal(packed.ToArray(), again.ToArray());
        Assert.Equal(ProgramStorage.IdOf(packed), ProgramStorage.IdOf(again));

        Directory.CreateDirectory(Target);
        ProgramArchive.Unpack(packed, Target, Limits);
        Assert.Equal(["a.dll", "b.dll", "nested/deep/c.txt"], Directory.EnumerateFiles(Target, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Target, path).Replace('\\', '/')).Order(StringComparer.Ordinal));
        Assert.Equal("c", File.ReadAllText(Path.Combine(Target, "nested", "deep", "c.txt")));

        File.WriteAllText(Path.Combine(second, "a.dll"), "A");
        using var other = Pack(second);
        Assert.NotEqual(ProgramStorage.IdOf(packed), ProgramStorage.IdOf(other));
    }

    [Theory]
    [InlineData("../evil.dll")]
    [InlineData("a/../../evil.dll")]
    [InlineData("..")]
    [InlineData("/evil.dll")]
    [InlineData("//host/evil.dll")]
    [InlineData("a//evil.dll")]
    [InlineData("./evil.dll")]
    [InlineData("C:/evil.dll")]
    [InlineData("..\\evil.dll")]
    [InlineData("a\\evil.dll")]
    [InlineData("file.txt:stream")]
    [InlineData("evil\n.dll")]
    [InlineData("evil./a.dll")]
    [InlineData(".. /evil.dll")]
    [InlineData("../")]
    public void A_name_that_leads_elsewhere_is_refused_and_nothing_is_written(string name) => MustRefuse(Zip((name, "evil", 0)), "not safe to unpack");

    [Fact]
    public void A_link_is_refused() => MustRefuse(Zip(("link", "/etc/passwd", Link)), "is a link");

    [Fact]
    public void A_folder_with_a_link_is_not_packed()
    {
        string folder = Folder("linked", ("a.dll", "a"));
        File.CreateSymbolicLink(Path.Combine(folder, "b.dll"), Path.Combine(folder, "a.dll"));
        Assert.Contains("is a link", Assert.Throws<MillraceException>(() => Pack(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_there_twice_is_refused_in_any_case_of_letters()
    {
        MustRefuse(Zip(("a.dll", "1", 0), ("a.dll", "2", 0)), "twice");
        MustRefuse(Zip(("a.dll", "1", 0), ("A.DLL", "2", 0)), "twice");
        MustRefuse(Zip(("a", "1", 0), ("a/b", "2", 0)), "as a file and as a folder");
    }

    [Fact]
    public void What_is_larger_than_it_may_be_is_refused()
    {
        using var bomb = Zip(("zeros", new string('0', 2 << 20), 0));
        Assert.True(bomb.Length < 100_000, "It should be small, and grow.");
        MustRefuse(bomb, "MaxUnpackedSize");
        MustRefuse(Zip([.. Enumerable.Range(0, 101).Select(i => ($"f{i}", "", 0))]), "MaxFiles");
        using var large = Zip(("a", "a", 0));
        Assert.Contains("MaxProgramSize", Assert.Throws<MillraceException>(() => ProgramArchive.Open(large, Limits with { Packed = 10 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_says_that_it_is_smaller_than_it_is_is_refused()
    {
        using var archive = Zip(("zeros", new string('0', 100_000), 0));
        byte[] bytes = archive.ToArray();

        // The length stands in the list at the end, and in front of the file; what is unpacked is as long as before.
        Replace(bytes, BitConverter.GetBytes(100_000), BitConverter.GetBytes(10));
        MustRefuse(new MemoryStream(bytes), "");
    }

    [Fact]
    public void What_was_cut_off_or_changed_is_refused()
    {
        string text = string.Concat(Enumerable.Range(0, 1_000));
        using var archive = Zip(("a.txt", text, 0), ("b.txt", text, 0));
        byte[] bytes = archive.ToArray();
        for (int length = 0; length < bytes.Length; length += 97)
        {
            MustRefuse(new MemoryStream(bytes[..length]), "");
        }

        int refused = 0;
        for (int at = 40; at < 1_000; at += 31)
        {
            byte[] changed = [.. bytes];
            changed[at] ^= 0x55;
            Directory.CreateDirectory(Target);
            try
            {
                ProgramArchive.Unpack(new MemoryStream(changed), Target, Limits);
                Assert.Equal(text, File.ReadAllText(Path.Combine(Target, "a.txt")));
            }
            catch (MillraceException error) when (error.Code == "MR6022")
            {
                refused++;
            }

            Directory.Delete(Target, recursive: true);
        }

        Assert.True(refused > 20, $"Only {refused} changes were found.");
        MustRefuse(new MemoryStream("this is no archive at all, though it is long enough to be one"u8.ToArray()), "no zip archive");
    }

    private void MustRefuse(MemoryStream archive, string part)
    {
        Directory.CreateDirectory(Target);
        var error = Assert.Throws<MillraceException>(() => ProgramArchive.Unpack(archive, Target, Limits));
        Assert.Equal("MR6022", error.Code);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Directory.Delete(Target, recursive: true);
        Assert.Empty(Directory.EnumerateFiles(_folder, "*evil*", SearchOption.AllDirectories));
    }

    private string Folder(string name, params (string Name, string Content)[] files)
    {
        string folder = Path.Combine(_folder, name);
        foreach (var (file, content) in files)
        {
            string path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }

        return folder;
    }

    private static MemoryStream Pack(string folder)
    {
        var stream = new MemoryStream();
        ProgramArchive.Pack(folder, stream);
        return stream;
    }

    private static MemoryStream Zip(params (string Name, string Content, int Attributes)[] files)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content, attributes) in files)
            {
                var entry = zip.CreateEntry(name);
                entry.ExternalAttributes = attributes;
                using var writer = new StreamWriter(entry.Open());
                writer.Write(content);
            }
        }

        return stream;
    }

    private static void Replace(byte[] bytes, byte[] from, byte[] to)
    {
        for (int at = bytes.AsSpan().IndexOf(from); at >= 0; at = bytes.AsSpan().IndexOf(from))
        {
            to.CopyTo(bytes, at);
        }
    }
}
