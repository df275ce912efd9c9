namespace Millrace.Connectors;

/// <summary>A complete file of a <see cref="FileSink{T}"/> that waits for its final name.</summary>
/// <param name="PendingPath">Where it is, under a hidden name.</param>
/// <param name="FinalPath">Where it will be.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Records">How many records it holds.</param>
public sealed record PendingFile(string PendingPath, string FinalPath, long Bytes, long Records)
{
    /// <summary>The small files whose records it has, where it was made of such: they are deleted when it has its final name. See <see cref="FileSinkOptions.Compaction"/>.</summary>
    /// <value>Default: empty.</value>
    public IReadOnlyList<string> MergedFrom { get; init; } = [];
}
