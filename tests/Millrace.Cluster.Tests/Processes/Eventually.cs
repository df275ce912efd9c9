namespace Millrace.Cluster.Tests.Processes;

/// <summary>Waits for what processes bring about: they tell nobody, so it is looked for again and again.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until something holds.</summary>
    /// <param name="holds">Whether it does.</param>
    /// <param name="why">What to say where it does not for too long.</param>
    public static async Task HoldsAsync(Func<Task<bool>> holds, Func<string> why)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience)
            {
                Assert.Fail(why());
            }

            await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <inheritdoc cref="HoldsAsync(Func{Task{bool}}, Func{string})"/>
    public static Task HoldsAsync(Func<bool> holds, Func<string> why) => HoldsAsync(() => Task.FromResult(holds()), why);
}
