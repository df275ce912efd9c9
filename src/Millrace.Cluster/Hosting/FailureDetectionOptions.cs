namespace Millrace.Hosting;

/// <summary>
/// How fast workers notice that one of them is gone. The values belong together: a killed worker is noticed after about one <see cref="ProbeTimeout"/> with the defaults, a frozen one after
/// about <see cref="ProbeTimeout"/> × <see cref="MissedProbes"/>. All workers of a cluster should have the same.
/// </summary>
public sealed class FailureDetectionOptions
{
    /// <summary>How often workers probe each other, and how long an answer may take.</summary>
    /// <value>From 100 ms to 1 minute. Default: 750 ms. Below that, a long garbage collection or a busy machine can pass for a death.</value>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromMilliseconds(750);

    /// <summary>After how many missed probes in a row a worker suspects another.</summary>
    /// <value>At least 2. Default: 3.</value>
    public int MissedProbes { get; set; } = 3;

    /// <summary>How many workers must suspect one for it to count as dead. In a cluster with fewer, one less than there are is enough.</summary>
    /// <value>At least 1. Default: 2.</value>
    public int Votes { get; set; } = 2;

    /// <summary>How often a worker reads the membership from the store. So long may one that the others have declared dead, because it was frozen, believe that it lives.</summary>
    /// <value>From 500 ms to 1 minute. Default: 2 s.</value>
    public TimeSpan TableRefresh { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a worker writes into the store that it is alive. After the loss of all workers, new ones at other addresses wait for about four of these before they take the old for dead.</summary>
    /// <value>From 1 s to 5 minutes. Default: 5 s.</value>
    public TimeSpan AlivePublish { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Within which time a frozen worker must be noticed: what the values above are checked against at the start.</summary>
    /// <value>Default: 5 s.</value>
    public TimeSpan Target { get; set; } = TimeSpan.FromSeconds(5);

    internal void Validate(string path)
    {
        Range(path, nameof(ProbeTimeout), ProbeTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Range(path, nameof(TableRefresh), TableRefresh, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1));
        Range(path, nameof(AlivePublish), AlivePublish, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        if (MissedProbes < 2 || Votes < 1)
        {
            throw new MillraceException(
                "MR6002", $"{path}:{nameof(MissedProbes)} is {MissedProbes} and {nameof(Votes)} is {Votes}: at least 2 probes must be missed, and at least 1 worker must vote. One lost probe is no death.");
        }

        // The last probe goes out when the one before it has timed out, and its votes are written then.
        var frozen = ProbeTimeout * (MissedProbes + 1);
        if (frozen > Target)
        {
            throw new MillraceException(
                "MR6002",
                $"{path}: a frozen worker would be noticed after up to {frozen} ({nameof(ProbeTimeout)} {ProbeTimeout} × ({nameof(MissedProbes)} {MissedProbes} + 1)), but {nameof(Target)} is {Target}. Lower {nameof(ProbeTimeout)} or {nameof(MissedProbes)}, or raise {nameof(Target)}.");
        }

        if (TableRefresh > Target)
        {
            throw new MillraceException(
                "MR6002",
                $"{path}: {nameof(TableRefresh)} is {TableRefresh}, but {nameof(Target)} is {Target}: a worker that was declared dead would go on for longer than others take to notice. Lower {nameof(TableRefresh)} or raise {nameof(Target)}.");
        }
    }

    private static void Range(string path, string key, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            throw new MillraceException("MR6002", $"{path}:{key} is {value}; it must be between {least} and {most}.");
        }
    }
}
