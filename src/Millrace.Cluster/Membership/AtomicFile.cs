namespace Millrace.Cluster.Membership;

/// <summary>Files that are replaced as a whole: who reads sees the old content or the new one. Writers must keep each other out.</summary>
internal static class AtomicFile
{
    /// <summary>Reads a file; null where there is none.</summary>
    public static async Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Replaces a file. The new content is on the disk before it takes the place of the old one.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // The lock that the writer holds lets one of them be there at a time; what a killed one has left is overwritten.
        string temporary = path + ".new";
        var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None);
        await using (stream.ConfigureAwait(false))
        {
            await stream.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
