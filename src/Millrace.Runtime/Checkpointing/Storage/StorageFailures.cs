namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>What a storage throws when something is wrong with it, and not with its use.</summary>
internal static class StorageFailures
{
    public static bool IsOfStorage(Exception exception) => exception is IOException or UnauthorizedAccessException;
}
