using Microsoft.Extensions.Configuration;
using Millrace.State;

namespace Millrace.Tests.Configuration;

/// <summary>RocksDB by a line of configuration, after a line of the program.</summary>
public sealed class RocksDbConfigurationTests
{
    static RocksDbConfigurationTests() => MillraceConfiguration.Backends.Add("rocksdb", RocksDbStateBackend.FromConfiguration);

    [Fact]
    public void State_OfRocksDb_IsChosenByOneLine() => Assert.IsType<RocksDbStateBackend>(Configure([]).StateBackend);

    [Fact]
    public void State_EveryOptionOfRocksDb_HasAKey()
    {
        string message = Refused(("?", "1")).Message;
        string known = message[message.IndexOf("may have:", StringComparison.Ordinal)..];
        Assert.All(typeof(RocksDbOptions).GetProperties(), property => Assert.Contains(property.Name, known, StringComparison.Ordinal));
    }

    // What is bound is seen by what is refused: every key's value is one that its option, or the kind of its value, does not allow.
    [Theory]
    [InlineData("Directory", "", "some text")]
    [InlineData("MemoryBudget", "lots", "a size such as 268435456, 256MB or 2GB")]
    [InlineData("MemoryBudget", "1000000", "RocksDbOptions.MemoryBudget is 1000000 bytes")]
    [InlineData("MemoryBudget", "512KB", "RocksDbOptions.MemoryBudget is 524288 bytes")]
    [InlineData("MemoryBudget", "0.5 mb", "RocksDbOptions.MemoryBudget is 524288 bytes")]
    [InlineData("MemoryBudget", "1.5", "a size")]
    [InlineData("MemoryBudget", "-1GB", "a size")]
    [InlineData("MemoryBudget", "99999999999GB", "a size")]
    [InlineData("ObjectCacheShare", "half", "a number")]
    [InlineData("ObjectCacheShare", "0.9", "RocksDbOptions.ObjectCacheShare is 0.9 and WriteBufferShare is 0.2")]
    [InlineData("WriteBufferShare", "much", "a number")]
    [InlineData("CompressFiles", "lz4", "true or false")]
    public void Value_Wrong_NamesTheKeyTheValueAndWhatIsExpected(string key, string value, string expected)
    {
        string message = Refused((key, value)).Message;
        Assert.Contains($"Millrace:State:{key} is '{value}'", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Value_OfWriteBufferShare_IsBound() =>
        Assert.Contains("WriteBufferShare is 0.6", Refused(("WriteBufferShare", "0.6")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("MemoryBuget", "MemoryBudget")]
    [InlineData("memory-budget", "MemoryBudget")]
    [InlineData("Dir", "")]
    [InlineData("CompressFile", "CompressFiles")]
    public void Key_Unknown_NamesTheNearest(string key, string nearest)
    {
        string message = Refused((key, "1")).Message;
        Assert.Contains($"Millrace:State:{key} is not known.", message, StringComparison.Ordinal);
        Assert.Contains("With the backend rocksdb, Millrace:State may have: Backend, Directory,", message, StringComparison.Ordinal);
        Assert.Equal(nearest.Length > 0, message.Contains($"Is Millrace:State:{nearest} meant?", StringComparison.Ordinal));
    }

    [Fact]
    public void Key_OfEveryOption_WithARightValue_IsTaken() => Assert.IsType<RocksDbStateBackend>(Configure(
        [("Directory", "/data/millrace"), ("MemoryBudget", "2GB"), ("ObjectCacheShare", "0.4"), ("WriteBufferShare", "0.3"), ("CompressFiles", "true")]).StateBackend);

    private static ExecutionOptions Configure((string Key, string Value)[] values) => new ExecutionOptions().Configure(
        new ConfigurationBuilder()
            .AddInMemoryCollection(values.Append(("Backend", "RocksDB")).Select(pair => new KeyValuePair<string, string?>("Millrace:State:" + pair.Item1, pair.Item2)))
            .Build()
            .GetSection("Millrace"));

    private static GraphException Refused(params (string Key, string Value)[] values)
    {
        var error = Assert.Throws<GraphException>(() => Configure(values));
        Assert.Equal("MR1010", error.Code);
        return error;
    }
}
