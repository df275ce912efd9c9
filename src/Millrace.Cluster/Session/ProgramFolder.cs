using Millrace.Cluster.Hosting;

namespace Millrace.Cluster.Session;

/// <summary>The folder of this worker for unpacked programs. It is locked as long as the worker lives, and emptied when it starts: what an earlier process has left is never run.</summary>
internal sealed class ProgramFolder : IDisposable
{
    private readonly string _path;
    private readonly FileStream _lock;
    private int _next;

    private ProgramFolder(string path, FileStream @lock)
    {
        _path = path;
        _lock = @lock;
    }

    /// <summary>Makes the worker's folder.</summary>
    /// <exception cref="IOException">It cannot be made, or another worker of the same name uses it.</exception>
    public static ProgramFolder Open(ClusterSettings settings)
    {
        string directory = settings.Options.Session.LocalDirectory ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } local ? local : Path.GetFullPath("."), "millrace", "programs");
        string path = Path.GetFullPath(Path.Combine(directory, settings.Options.ClusterId, LocalRecoveryFolder.FolderOf(settings.Name)));
        Create(path);

        // The system lets go of it when the process dies, however it dies.
        var @lock = new FileStream(Path.Combine(path, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        try
        {
            foreach (string left in Directory.EnumerateDirectories(path))
            {
                Directory.Delete(left, recursive: true);
            }

            return new ProgramFolder(path, @lock);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>Makes an empty folder for one program.</summary>
    public string Next(string id)
    {
        string path = Path.Combine(_path, $"{id[..16]}-{Interlocked.Increment(ref _next)}");
        Create(path);
        return path;
    }

    /// <summary>Deletes a program's folder, as far as that can be done: where files of assemblies are locked as long as they are loaded, the next start of the worker does it.</summary>
    public static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    public void Dispose() => _lock.Dispose();

    // What is in it is run: nobody else may put anything there.
    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
