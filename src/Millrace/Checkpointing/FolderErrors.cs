namespace Millrace.Checkpointing;

/// <summary>What is wrong with the folder of a storage, in words that name the path and what to do.</summary>
internal static class FolderErrors
{
    public static bool IsOfStorage(Exception exception) => exception is IOException or UnauthorizedAccessException;

    public static IOException CannotWrite(string path, Exception cause) => Wrap("written", path, cause);

    public static IOException CannotRead(string path, Exception cause) => Wrap("read", path, cause);

    public static IOException CannotDelete(string path, Exception cause) => Wrap("deleted", path, cause);

    private static IOException Wrap(string what, string path, Exception cause)
    {
        // It was named and explained further down.
        if (cause is CheckpointFolderException known)
        {
            return known;
        }

        string advice = cause switch
        {
            UnauthorizedAccessException => "Give the user that runs the process the right to it, or choose another folder.",
            _ when IsFull(cause) => "Free space on the disk, keep fewer checkpoints (CheckpointOptions.Retained), or choose a folder with more room.",
            _ => "Look at the disk or the network file system behind it.",
        };
        return new CheckpointFolderException($"{path} cannot be {what}: {cause.Message} {advice}", cause);
    }

    // ENOSPC is 28 on Linux and macOS, EDQUOT 122 and 69; ERROR_DISK_FULL is 112 and ERROR_HANDLE_DISK_FULL 39 on Windows.
    private static bool IsFull(Exception exception) => OperatingSystem.IsWindows()
        ? (exception.HResult & 0xFFFF) is 112 or 39
        : exception.HResult is 28 or 122 or 69;

    private sealed class CheckpointFolderException(string message, Exception cause) : IOException(message, cause);
}
