using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;

namespace Millrace.Cluster.Hosting;

/// <summary>The folder of one worker for copies of checkpoint files. It is locked as long as the worker lives, so that two of one name do not delete each other's.</summary>
internal sealed partial class LocalRecoveryFolder : IDisposable
{
    private readonly FileStream _lock;

    private LocalRecoveryFolder(FileStream @lock, LocalCopies copies)
    {
        _lock = @lock;
        Copies = copies;
    }

    public LocalCopies Copies { get; }

    /// <summary>Opens the worker's folder.</summary>
    /// <returns>The folder; null where none was asked for, and where it cannot be used: a worker is not kept from working by what only makes it faster.</returns>
    public static LocalRecoveryFolder? Open(ClusterSettings settings, ILoggerFactory loggers)
    {
        var options = settings.Options.LocalRecovery;
        if (options.Directory is not { } directory)
        {
            return null;
        }

        var logger = loggers.CreateLogger<LocalRecoveryFolder>();
        string folder = Path.GetFullPath(Path.Combine(directory, settings.Options.ClusterId, FolderOf(settings.Name)));
        FileStream? @lock = null;
        try
        {
            Directory.CreateDirectory(folder);

            // The system lets go of it when the process dies, however it dies. A name with a dot is no file of a storage.
            @lock = new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            var copies = new LocalCopies(new DirectoryCheckpointStorage(folder), options.MaxSize, loggers.CreateLogger<LocalCopies>());
            Log.KeepsLocalCopies(logger, folder, options.MaxSize, copies.Count, copies.Bytes);
            return new LocalRecoveryFolder(@lock, copies);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            @lock?.Dispose();
            Log.NoLocalCopies(logger, error, folder, settings.Name);
            return null;
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>A folder's name for a worker's name, which may have any characters: of two names never the same one.</summary>
    internal static string FolderOf(string name) => Plain().IsMatch(name)
        ? name
        : $"{Other().Replace(name, "_")}.{XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(name)).ToString("x32", CultureInfo.InvariantCulture)}";

    // No dot: what has one is the name of a name that had other characters.
    [GeneratedRegex("^[A-Za-z0-9_-]{1,100}$")]
    private static partial Regex Plain();

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex Other();
}
