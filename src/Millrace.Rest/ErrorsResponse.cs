namespace Millrace.Rest;

/// <summary>What went wrong, as Apache Flink says it.</summary>
internal sealed record ErrorsResponse(IReadOnlyList<string> Errors);

/// <summary>Nothing to say.</summary>
internal sealed record EmptyResponse;
