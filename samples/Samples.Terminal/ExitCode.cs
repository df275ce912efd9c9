namespace Samples.Terminal;

/// <summary>How the program ends, for scripts.</summary>
public static class ExitCode
{
    /// <summary>All results are written.</summary>
    public const int Done = 0;

    /// <summary>The job failed, for a reason that is not the input's.</summary>
    public const int Failed = 1;

    /// <summary>The options or the input are wrong.</summary>
    public const int BadInput = 2;

    /// <summary>Ended with Ctrl+C; the number is what shells use for it.</summary>
    public const int Cancelled = 130;
}
