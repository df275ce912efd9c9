using System.Text;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;

namespace Millrace.Connectors.Tests;

public sealed class TransactionNameTests
{
    [Fact]
    public void Format_AnyNames_FitsTheServerAndParsesBack() => Gen.Select(Gen.String, Gen.String, Gen.Int[0, 32767], Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((job, uid, subtask, epoch, checkpoint) =>
    {
        string prefix = TransactionName.Prefix(Context(job + new string('x', job.Length * 10), uid, 0, 1));
        var name = new TransactionName(subtask, epoch, checkpoint);
        string text = name.Format(prefix);
        Assert.True(Encoding.UTF8.GetByteCount(text) < 200);
        Assert.True(TransactionName.TryParse(text, prefix, out var parsed));
        Assert.Equal(name, parsed);
    });

    [Fact]
    public void Prefix_DifferentNames_Differs()
    {
        string longName = new('a', 100);
        string[] prefixes =
        [
            .. new[] { ("a:b", "c"), ("a", "b:c"), ("a%3ab", "c"), ("a", "b"), (longName, "c"), (longName + "a", "c"), ("ä", "c"), ("a/", "c") }
                .Select(names => TransactionName.Prefix(Context(names.Item1, names.Item2, 0, 1))),
        ];
        Assert.Equal(prefixes.Length, prefixes.Distinct().Count());
    }

    [Theory]
    [InlineData(0, 1, 8, true)] // after the restored checkpoint, of an older attempt
    [InlineData(0, 1, 7, false)] // somebody may be committing it
    [InlineData(0, 2, 8, false)] // of this attempt
    [InlineData(1, 1, 8, false)] // another subtask's
    [InlineData(2, 1, 8, true)] // of a subtask that there is no more
    [InlineData(3, 1, 8, false)]
    public void IsLeftTo_SubtaskZeroOfTwo_IsAsTheContractSays(int subtask, long epoch, long checkpoint, bool expected)
        => Assert.Equal(expected, new TransactionName(subtask, epoch, checkpoint).IsLeftTo(Context("job", "uid", 0, 2) with { Epoch = 2, RestoredCheckpointId = 7 }));

    [Theory]
    [InlineData("millrace:job:uid:1:2")]
    [InlineData("millrace:job:uid:1:2:3:4")]
    [InlineData("millrace:job:uid:1:-2:3")]
    [InlineData("millrace:job:uid2:1:2:3")]
    [InlineData("something else")]
    public void TryParse_OtherNames_IsFalse(string name) => Assert.False(TransactionName.TryParse(name, "millrace:job:uid:", out _));

    private static SinkWriterContext Context(string job, string uid, int subtask, int parallelism) =>
        new(job, "sink", uid, subtask, parallelism, TimeProvider.System, NullLogger.Instance);
}
