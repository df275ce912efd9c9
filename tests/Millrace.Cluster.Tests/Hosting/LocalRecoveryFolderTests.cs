using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Millrace.Cluster.Hosting;
using Millrace.Cluster.Tests.DataPlane;
using Millrace.Hosting;

namespace Millrace.Cluster.Tests.Hosting;

public sealed class LocalRecoveryFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-local-").FullName;
    private readonly RecordedLog _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Two_workers_of_one_name_do_not_share_a_folder_and_the_next_finds_what_the_first_has_left()
    {
        var settings = Settings("a", _folder);
        using (var first = LocalRecoveryFolder.Open(settings, _log))
        {
            Assert.NotNull(first);
            File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "millrace", "a", "job", "chk-1")).FullName, "0123"), new byte[7]);
            Assert.Null(LocalRecoveryFolder.Open(settings, _log));
            Assert.Contains("belongs to another worker of the name 'a'", Assert.Single(_log.Warnings), StringComparison.Ordinal);
            using var other = LocalRecoveryFolder.Open(Settings("b", _folder), _log);
            Assert.Equal(0, other!.Copies.Count);
        }

        using var next = LocalRecoveryFolder.Open(settings, _log);
        Assert.Equal((1, 7), (next!.Copies.Count, next.Copies.Bytes));
        Assert.Contains("there are 1, of 7 bytes", _log.All[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_used_is_said_and_the_worker_works_without()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.Null(LocalRecoveryFolder.Open(Settings("a", file), _log));
        Assert.StartsWith("No copies of checkpoint files are kept", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_kept_where_no_folder_was_given()
    {
        Assert.Null(LocalRecoveryFolder.Open(Settings("a", null), _log));
        Assert.Empty(_log.All);
    }

    [Theory]
    [InlineData("node7-11111", "node7-11111")]
    [InlineData("..", "__.")]
    [InlineData("../a", "___a.")]
    [InlineData("ä b", "__b.")]
    [InlineData("a.0123", "a_0123.")]
    public void A_name_of_any_characters_has_a_folder_of_its_own(string name, string beginning)
    {
        string folder = LocalRecoveryFolder.FolderOf(name);
        Assert.StartsWith(beginning, folder, StringComparison.Ordinal);
        Assert.Equal(folder, Path.GetFileName(folder));
        Assert.NotEqual(folder, LocalRecoveryFolder.FolderOf(name + "."));
    }

    private static ClusterSettings Settings(string name, string? directory)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.AddMillrace().AddJob("orders", env => env.FromSequence(1, 2).Discard()).UseCluster(cluster =>
        {
            cluster.UseSharedDirectory("directory");
            cluster.Name = name;
            cluster.LocalRecovery.Directory = directory;
        });
        using var host = builder.Build();
        return host.Services.GetRequiredService<ClusterSettings>();
    }
}
