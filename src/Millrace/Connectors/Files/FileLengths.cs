namespace Millrace.Connectors;

/// <summary>The lengths of files that wait to be read, looked up once each. Not safe for use by several threads.</summary>
internal sealed class FileLengths
{
    private readonly Dictionary<string, long> _lengths = new(StringComparer.Ordinal);

    /// <summary>How many bytes of a file are left behind a position, as when it was first asked about; 0 where it is not there.</summary>
    public long LeftOf(FileSplit split)
    {
        if (!_lengths.TryGetValue(split.Path, out long length))
        {
            var file = new FileInfo(split.Path);
            _lengths[split.Path] = length = file.Exists ? file.Length : 0;
        }

        // The position is one of the content, behind which a compressed file may be over already.
        return Math.Max(0, length - split.Position);
    }

    /// <summary>It waits no more: a source that looks for new files for ever is not to remember all of them.</summary>
    public void Forget(FileSplit split) => _lengths.Remove(split.Path);
}
