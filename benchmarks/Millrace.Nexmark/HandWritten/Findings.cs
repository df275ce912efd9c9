using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.HandWritten;

/// <summary>What a loop has found, as the blackhole of the engine counts it.</summary>
internal sealed class Findings
{
    /// <summary>How many results there were.</summary>
    public long Results { get; private set; }

    /// <summary>The sum of all digests.</summary>
    public long Digest { get; private set; }

    public void Add<TResult>(in TResult result)
        where TResult : IResult
    {
        Results++;
        Digest += result.Digest;
    }
}
