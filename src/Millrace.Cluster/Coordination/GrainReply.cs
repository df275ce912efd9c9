namespace Millrace.Cluster.Coordination;

/// <summary>The answer of a coordinator. An error is part of it: exceptions lose their type on the way.</summary>
/// <param name="Value">The answer.</param>
/// <param name="ErrorCode">The code of the error; null where there is none.</param>
/// <param name="Error">What went wrong.</param>
[GenerateSerializer, Immutable]
internal sealed record GrainReply([property: Id(0)] string? Value, [property: Id(1)] string? ErrorCode = null, [property: Id(2)] string? Error = null)
{
    public static GrainReply Failed(string code, string error) => new(null, code, error);

    /// <exception cref="MillraceException">The answer is an error.</exception>
    public string ValueOrThrow() => ErrorCode is null ? Value! : throw new MillraceException(ErrorCode, Error!);
}

/// <summary>What a coordinator answers to the call that keeps it alive.</summary>
/// <param name="Term">The number of the coordinator.</param>
/// <param name="End">How the job has ended, as a number; null while it has not.</param>
[GenerateSerializer, Immutable]
internal sealed record GrainPulse([property: Id(0)] long Term, [property: Id(1)] int? End)
{
    public JobState? EndState => (JobState?)End;
}
