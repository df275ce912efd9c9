using System.ComponentModel;
using System.Diagnostics;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>A folder on a file system of its own, of a few megabytes, which can be filled.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder)
    {
        _folder = folder;
    }

    private string Filler => Path.Combine(_folder, "filler");

    /// <summary>Makes a folder on a disk of its own, where that is possible.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="megabytes">How much the disk holds.</param>
    /// <param name="why">Why it is not possible.</param>
    public static SmallDisk? TryCreate(string folder, int megabytes, out string why)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsLinux())
        {
            why = "Small disks are there on Linux only.";
            return null;
        }

        try
        {
            why = Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "millrace", folder);
        }
        catch (Win32Exception error)
        {
            why = error.Message;
        }

        why = why.Length == 0 ? "" : $"No small disk could be mounted, which takes root and the program 'mount': {why}";
        return why.Length == 0 ? new SmallDisk(folder) : null;
    }

    /// <summary>Takes all room that there is.</summary>
    public void Fill()
    {
        byte[] bytes = new byte[1 << 12];
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(bytes);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Filler);

    // Lazily: a process that is just being ended may have a file open still.
    public void Dispose() => Run("umount", "-l", _folder);

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : errors.Trim();
    }
}
