namespace Millrace.Rest;

/// <summary>The programs that are kept.</summary>
internal sealed record JarsResponse(string Address, IReadOnlyList<Jar> Files);

/// <summary>A program.</summary>
internal sealed record Jar(string Id, string Name, long Uploaded, IReadOnlyList<JarEntry> Entry)
{
    /// <summary>The bytes of its archive; Flink does not have it.</summary>
    public long Size { get; init; }
}

/// <summary>A class of a job in it.</summary>
internal sealed record JarEntry(string Name, string? Description);

/// <summary>What was uploaded. Clients of Flink take the id from the end of the file's name.</summary>
internal sealed record UploadResponse(string Filename, string Status, string Id);
