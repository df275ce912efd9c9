namespace Millrace.Connectors;

/// <summary>A file, and how far it is read.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Position">The byte of the (decompressed) content from which to read on, directly behind the last record; 0 for the whole file.</param>
/// <param name="Records">How many records of the file have been emitted.</param>
public sealed record FileSplit(string Path, long Position, long Records) : ISourceSplit
{
    /// <inheritdoc/>
    public string SplitId => Path;
}

/// <summary>What the enumerator of files remembers.</summary>
/// <param name="Unassigned">The files that no reader has yet, in the order in which they will be read.</param>
public sealed record FileEnumeratorState(FileSplit[] Unassigned)
{
    /// <summary>The full paths of all files that were found so far, where the source looks for new ones; otherwise empty.</summary>
    public string[]? Found { get; init; }
}
