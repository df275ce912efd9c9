using System.Text.Json.Serialization;

namespace Millrace.Rest;

/// <summary>All jobs.</summary>
internal sealed record JobsResponse(IReadOnlyList<JobOverview> Jobs);

/// <summary>A job in a line.</summary>
internal sealed record JobOverview(string Jid, string Name, string State)
{
    [JsonPropertyName("start-time")]
    public long StartTime { get; init; } = -1;

    [JsonPropertyName("end-time")]
    public long EndTime { get; init; } = -1;

    public long Duration { get; init; } = -1;

    public IReadOnlyDictionary<string, int>? Tasks { get; init; }
}

/// <summary>A job.</summary>
internal sealed record JobResponse(string Jid, string Name, string State)
{
    [JsonPropertyName("start-time")]
    public long StartTime { get; init; } = -1;

    [JsonPropertyName("end-time")]
    public long EndTime { get; init; } = -1;

    public long Duration { get; init; } = -1;

    public long Now { get; init; }

    public IReadOnlyList<JobVertexResponse> Vertices { get; init; } = [];

    [JsonPropertyName("status-counts")]
    public IReadOnlyDictionary<string, int> StatusCounts { get; init; } = new Dictionary<string, int>();

    /// <summary>What Flink does not say: the program, and what is the matter.</summary>
    public string? Program { get; init; }

    public string? Waiting { get; init; }

    public string? LastFailure { get; init; }

    public long? LastCheckpoint { get; init; }

    public long Term { get; init; }
}

/// <summary>A task of a job.</summary>
internal sealed record JobVertexResponse(string Name, int Parallelism);
