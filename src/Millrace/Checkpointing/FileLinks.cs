using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Millrace.Checkpointing;

/// <summary>What .NET 10 has no API for: hard links, a rename that never replaces, and forcing a folder to the disk.</summary>
/// <remarks>
/// <c>File.Move</c> without overwriting is no atomic decision on Unix: it looks whether the target exists, and then renames, which replaces a target
/// that another process has made in between. <c>link</c> fails instead.
/// </remarks>
internal static partial class FileLinks
{
    private const int FileNotFound = 2; // ENOENT
    private const int Exists = 17; // EEXIST
    private const int RenameNoReplace = 1; // RENAME_NOREPLACE of Linux
    private const int RenameExclusive = 4; // RENAME_EXCL of macOS
    private const int CurrentFolder = -100; // AT_FDCWD of Linux

    /// <summary>Gives a file its final name unless that is taken. The temporary name may stay behind.</summary>
    /// <returns>Whether the name was free.</returns>
    public static bool TryMoveNew(string temporary, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            // MoveFileEx without MOVEFILE_REPLACE_EXISTING, which is atomic.
            try
            {
                File.Move(temporary, target, overwrite: false);
                return true;
            }
            catch (IOException exception) when ((exception.HResult & 0xFFFF) is 80 or 183)
            {
                return false;
            }
        }

        if (Link(temporary, target) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error switch
        {
            Exists => false,
            FileNotFound => throw new FileNotFoundException($"'{temporary}' or the folder of '{target}' is gone.", target),
            _ => RenameNew(temporary, target, error),
        };
    }

    /// <summary>Makes a hard link.</summary>
    /// <returns>Whether it was made; not where the two are on different file systems, or where there are no hard links.</returns>
    public static bool TryLink(string existing, string link)
    {
        if (!File.Exists(existing))
        {
            throw new FileNotFoundException($"There is no file {existing}.", existing);
        }

        return OperatingSystem.IsWindows() ? CreateHardLink(link, existing, 0) : Link(existing, link) == 0;
    }

    /// <summary>Makes renames in a folder durable. Windows does it by itself.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            int reason = Marshal.GetLastPInvokeError();
            if (reason == FileNotFound)
            {
                // Removed since, with all that was in it: whoever did has decided that nothing of it is to last.
                return;
            }

            throw Failed($"The folder {folder} cannot be opened", reason);
        }

        try
        {
            // Some network file systems do not know it for folders (EINVAL), and have written the rename through already.
            if (Sync(descriptor) != 0 && Marshal.GetLastPInvokeError() is not 22 and int error)
            {
                throw Failed($"The folder {folder} cannot be forced to the disk", error);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    // For file systems without hard links, such as FAT and some network shares.
    private static bool RenameNew(string temporary, string target, int linkError)
    {
        int result;
        try
        {
            result = OperatingSystem.IsLinux() ? RenameAt(CurrentFolder, temporary, CurrentFolder, target, RenameNoReplace)
                : OperatingSystem.IsMacOS() ? RenameMac(temporary, target, RenameExclusive)
                : -1;
        }
        catch (EntryPointNotFoundException)
        {
            throw Failed($"{target} cannot be created: the file system has no hard links, and this system no rename that does not replace. Choose a folder on another file system", linkError);
        }

        if (result == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == Exists ? false : throw Failed($"{target} cannot be created", linkError);
    }

    private static IOException Failed(string what, int error) => new($"{what}: {new Win32Exception(error).Message}.", error);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(string existing, string link);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameAt(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "renamex_np", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameMac(string oldPath, string newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16, SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string link, string existing, nint security);
}
