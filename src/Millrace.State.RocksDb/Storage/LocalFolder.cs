namespace Millrace.State.RocksDb.Storage;

/// <summary>A folder of this process alone, which goes away with it.</summary>
/// <remarks>
/// Beside the folder is a file that is locked as long as the process lives. Whoever makes a folder removes those whose file nobody has locked: their
/// processes have died. The lock comes before the folder and goes after it, so that no folder in use is ever seen without.
/// </remarks>
internal sealed class LocalFolder : IDisposable
{
    private const string Prefix = "millrace-state-";
    private const string LockExtension = ".lock";

    private readonly FileStream _lock;

    /// <param name="parent">Where to make it.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public LocalFolder(string parent)
    {
        Directory.CreateDirectory(parent);
        RemoveAbandoned(parent);
        Path = System.IO.Path.Combine(parent, Prefix + Guid.NewGuid().ToString("N"));
        _lock = new FileStream(Path + LockExtension, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }

        _lock.Dispose();
        File.Delete(Path + LockExtension);
    }

    private static void RemoveAbandoned(string parent)
    {
        foreach (string path in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            try
            {
                using (new FileStream(path + LockExtension, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
                {
                    Directory.Delete(path, recursive: true);
                }

                File.Delete(path + LockExtension);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // In use, somebody else's, or being removed by somebody else.
            }
        }
    }
}
