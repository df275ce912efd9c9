using System.Text;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Clustering;

public sealed class PlacementFileTests
{
    private readonly MemoryCheckpointStorage _storage = new();

    [Fact]
    public void What_was_written_last_is_read()
    {
        PlacementFile.Write(_storage, "job", new Dictionary<SubtaskId, string> { [new(0, 0)] = "other" });
        var placement = new Dictionary<SubtaskId, string> { [new(0, 1)] = "b", [new(10, 0)] = "\"ä b\"", [new(0, 0)] = "b" };
        PlacementFile.Write(_storage, "job", placement);
        Assert.Equal(placement, PlacementFile.Read(_storage, "job"));
        Assert.StartsWith("""{"\u0022\u00E4 b\u0022":["10/0"],"b":["0/0","0/1"]}""", Encoding.UTF8.GetString(_storage.Files["job/_placement"]), StringComparison.Ordinal);
        Assert.Empty(PlacementFile.Read(_storage, "another"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a":[1]}""")]
    [InlineData("""{"a":["1"],"b":["x/y"]}""")]
    [InlineData("""{"a":["1/99999999999"]}""")]
    public void What_cannot_be_read_says_nothing(string content)
    {
        _storage.Files["job/_placement"] = Encoding.UTF8.GetBytes(content);
        Assert.Empty(PlacementFile.Read(_storage, "job"));
    }

    [Fact]
    public void A_storage_that_is_away_says_nothing()
    {
        _storage.Before = static (_, _) => throw new IOException("away");
        Assert.Empty(PlacementFile.Read(_storage, "job"));
    }
}
