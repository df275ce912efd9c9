using Millrace.Checkpointing;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Small files in one piece.</summary>
internal static class StoredBytes
{
    public static byte[] ReadAll(CheckpointStorage storage, string name)
    {
        using var stream = storage.OpenRead(name);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Creates a file, and finds out whether it did where the storage does not know.</summary>
    /// <returns>Whether there is a file of this content now.</returns>
    /// <exception cref="IOException">The storage does not take it.</exception>
    public static bool TryCreate(CheckpointStorage storage, string name, byte[] content)
    {
        try
        {
            if (storage.TryCreate(name, content))
            {
                return true;
            }
        }
        catch (Exception exception) when (StorageFailures.IsOfStorage(exception))
        {
            if (HasContent(storage, name, content))
            {
                return true;
            }

            throw;
        }

        return HasContent(storage, name, content);
    }

    private static bool HasContent(CheckpointStorage storage, string name, byte[] content)
    {
        try
        {
            return ReadAll(storage, name).AsSpan().SequenceEqual(content);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}
