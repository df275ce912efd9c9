namespace Millrace.Cluster.Membership;

/// <summary>Files that are replaced and deleted as a whole, under a <see cref="FencedLock"/>: who reads needs no lock, and sees the old content or the new one.</summary>
internal static class SharedFile
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
}
