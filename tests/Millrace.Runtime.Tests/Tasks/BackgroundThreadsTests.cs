using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Tasks;

public sealed class BackgroundThreadsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [Fact]
    public void Run_BehindDispose_SaysSoAndDoesNothing()
    {
        var threads = new BackgroundThreads("test");
        threads.Dispose();
        bool ran = false;
        Exception? error = null;
        threads.Run(() => ran = true, failure => error = failure);
        Assert.False(ran);
        Assert.IsType<OperationCanceledException>(error);
    }

    [Fact]
    public void Run_FromTheEndOfTheLastWork_SaysSo()
    {
        // As a queue does that gives its next piece of work when one is done: an exception there would end the process.
        var threads = new BackgroundThreads("test");
        using var over = new ManualResetEventSlim();
        using var disposed = new ManualResetEventSlim();
        Exception? error = null;
        threads.Run(
            () => disposed.Wait(Limit),
            _ => threads.Run(
                () => { },
                failure =>
                {
                    error = failure;
                    over.Set();
                }));
        threads.Dispose();
        disposed.Set();
        Assert.True(over.Wait(Limit, TestContext.Current.CancellationToken));
        Assert.IsType<OperationCanceledException>(error);
    }
}
