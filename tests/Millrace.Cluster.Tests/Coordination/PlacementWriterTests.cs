using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Cluster.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Tests.Coordination;

/// <summary>Writing where subtasks run.</summary>
public sealed class PlacementWriterTests
{
    [Fact]
    public async Task The_newest_is_written_last_and_what_it_has_overtaken_is_not()
    {
        using var threads = new ThreadedScheduler(1, TimeProvider.System);
        var writer = new PlacementWriter("sales", threads, NullLogger.Instance);
        Assert.True(writer.Completion.IsCompleted);
        using var isWriting = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        List<int> written = [];
        writer.Write(() =>
        {
            isWriting.Set();
            goesOn.Wait(TestContext.Current.CancellationToken);
            written.Add(1);
        });
        isWriting.Wait(TestContext.Current.CancellationToken);
        writer.Write(() => written.Add(2));
        writer.Write(() => written.Add(3));
        Assert.False(writer.Completion.IsCompleted);
        goesOn.Set();
        await writer.Completion;
        Assert.Equal([1, 3], written);

        // One that fails is no reason to write no more.
        writer.Write(static () => throw new IOException("full"));
        await writer.Completion;
        writer.Write(() => written.Add(4));
        await writer.Completion;
        Assert.Equal([1, 3, 4], written);
    }
}
