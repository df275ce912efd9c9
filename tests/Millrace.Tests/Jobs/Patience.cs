namespace Millrace.Tests.Jobs;

/// <summary>Waits that say what is missing instead of hanging. No test passes because of them.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<T> FinishAsync<T>(Task<T> task) => task.WaitAsync(Limit, TimeProvider.System, Token);

    public static Task FinishAsync(Task task) => task.WaitAsync(Limit, TimeProvider.System, Token);

    public static void Await(ManualResetEventSlim evidence, string what) => Assert.True(evidence.Wait(Limit, Token), $"Still missing: {what}.");

    /// <summary>The engine's threads among these end, now that their job has.</summary>
    public static void AssertEnded(IEnumerable<Thread> threads)
    {
        foreach (var thread in threads)
        {
            Assert.True(thread.Join(Limit), $"Thread '{thread.Name}' is still there.");
        }
    }
}
