namespace Millrace.Connectors;

/// <summary>Files of a bucket that become one.</summary>
/// <param name="finalPath">What that is called at last.</param>
/// <param name="files">Those that are there; each has the same final path.</param>
internal sealed class FileGroup(string finalPath, List<PendingFile> files)
{
    public string FinalPath => finalPath;

    public IReadOnlyList<PendingFile> Files => files;

    public long Bytes { get; private set; } = files.Sum(file => file.Bytes);

    public long Records => files.Sum(file => file.Records);

    /// <summary>How many checkpoints have been taken since it was begun.</summary>
    public int Checkpoints { get; set; }

    /// <summary>The files, each to get the name that it has without merging.</summary>
    public IEnumerable<PendingFile> AsTheyAre => files.Select(file => file with { FinalPath = FileSinkName.FinalOf(file.PendingPath) });

    public void Add(PendingFile file)
    {
        files.Add(file with { FinalPath = finalPath });
        Bytes += file.Bytes;
    }
}
