using System.Globalization;

namespace Millrace.Cluster.Membership;

/// <summary>The files of a <see cref="FencedLock"/>.</summary>
/// <param name="stem">What their names begin with.</param>
internal sealed class FencedLockFiles(string stem)
{
    /// <summary>What is locked.</summary>
    public string Lock(long generation) => generation == 0 ? stem + ".lock" : string.Create(CultureInfo.InvariantCulture, $"{stem}.{generation}.lock");

    /// <summary>What is renamed.</summary>
    public string Temporary(long generation) => string.Create(CultureInfo.InvariantCulture, $"{stem}.{generation}.new");

    /// <summary>The first generation that nobody has ended.</summary>
    public long FirstOpen()
    {
        // All before it have ended.
        long open = 0;
        while (HasEnded(open))
        {
            open = (open * 2) + 1;
        }

        long ended = open / 2;
        while (open - ended > 1)
        {
            long middle = (open + ended) / 2;
            (open, ended) = HasEnded(middle) ? (open, middle) : (middle, ended);
        }

        return open;
    }

    /// <summary>Ends a generation: nothing is renamed in it any more. Those before it must have ended.</summary>
    public void End(long generation)
    {
        string temporary = Temporary(generation);
        while (!HasEnded(generation))
        {
            try
            {
                File.Delete(temporary);
                Directory.CreateDirectory(temporary);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException && File.Exists(temporary))
            {
                // Made again in between.
            }
        }

        try
        {
            File.Delete(Lock(generation));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Windows does not delete what somebody has open.
        }
    }

    private bool HasEnded(long generation) => Directory.Exists(Temporary(generation));
}
