namespace Millrace.Cluster.Membership;

/// <summary>A lock between processes: an open file that nobody else may open. The system lets go of it when its process dies, however it dies.</summary>
internal static class DirectoryLock
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Takes the lock.</summary>
    /// <returns>Gives it back when disposed of.</returns>
    /// <exception cref="MillraceException">Somebody has it for longer than any write takes.</exception>
    public static async Task<IDisposable> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException error) when (error is not (DirectoryNotFoundException or PathTooLongException))
            {
                if (time.GetElapsedTime(began) > Timeout)
                {
                    throw new MillraceException(
                        "MR6003",
                        $"{path} could not be locked within {Timeout.TotalSeconds:0} s: {error.Message} A worker that was frozen (SIGSTOP) while it wrote holds the lock until it goes on or is killed.",
                        error);
                }
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
