namespace Millrace.Rest;

/// <summary>The workers.</summary>
internal sealed record WorkersResponse(IReadOnlyList<WorkerResponse> Taskmanagers);

/// <summary>A worker.</summary>
internal sealed record WorkerResponse(string Id, string Path, string Name, int DataPort, int SlotsNumber);
