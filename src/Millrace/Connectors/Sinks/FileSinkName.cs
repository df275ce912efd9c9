using System.Globalization;

namespace Millrace.Connectors;

/// <summary>What the name of a file of a sink says.</summary>
/// <param name="Subtask">The subtask that wrote it.</param>
/// <param name="Number">Its number among the files of the subtask.</param>
/// <param name="Epoch">The attempt that wrote it; of a hidden file only, otherwise 0.</param>
/// <param name="Checkpoint">The checkpoint that a pending file was prepared for; <see langword="null"/> where the file is still being written or has its final name.</param>
internal readonly record struct FileSinkName(int Subtask, int Number, long Epoch, long? Checkpoint)
{
    private const string InProgressSuffix = ".inprogress";
    private const string PendingSuffix = ".pending";

    /// <summary>Whether readers are not to see it.</summary>
    public bool IsHidden => Epoch > 0;

    /// <summary>Whether it is complete and waits for its final name.</summary>
    public bool IsPending => Checkpoint is not null;

    public static string Final(string prefix, string extension, int subtask, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}-{subtask}-{number}.{extension}");

    /// <summary>What a file is called while it is being written.</summary>
    // An attempt that only seems dead goes on writing: with its epoch in the name it never writes into the file of a later one.
    public static string InProgress(string finalPath, long epoch) => Hidden(finalPath, string.Create(CultureInfo.InvariantCulture, $".e{epoch}{InProgressSuffix}"));

    /// <summary>What a file is called when it is complete and waits for its checkpoint.</summary>
    public static string Pending(string finalPath, long epoch, long checkpoint) =>
        Hidden(finalPath, string.Create(CultureInfo.InvariantCulture, $".e{epoch}.c{checkpoint}{PendingSuffix}"));

    /// <summary>The final path of a pending file, whatever the prefix and extension.</summary>
    public static string FinalOf(string pendingPath)
    {
        var name = Path.GetFileName(pendingPath.AsSpan())[1..^PendingSuffix.Length];
        TryTake(ref name, ".c", out _);
        TryTake(ref name, ".e", out _);
        return Path.Join(Path.GetDirectoryName(pendingPath.AsSpan()), name);
    }

    /// <summary>Reads a file's name.</summary>
    /// <returns>Whether it is of this sink's naming.</returns>
    public static bool TryParse(string prefix, string extension, ReadOnlySpan<char> name, out FileSinkName parsed)
    {
        parsed = default;
        long epoch = 0;
        long? checkpoint = null;
        if (name.StartsWith("."))
        {
            name = name[1..];
            if (name.EndsWith(PendingSuffix))
            {
                name = name[..^PendingSuffix.Length];
                if (!TryTake(ref name, ".c", out long id))
                {
                    return false;
                }

                checkpoint = id;
            }
            else if (name.EndsWith(InProgressSuffix))
            {
                name = name[..^InProgressSuffix.Length];
            }
            else
            {
                return false;
            }

            if (!TryTake(ref name, ".e", out epoch) || epoch == 0)
            {
                return false;
            }
        }

        if (name.Length < prefix.Length + extension.Length + 2 || !name.StartsWith(prefix) || name[prefix.Length] != '-'
            || !name.EndsWith(extension) || name[^(extension.Length + 1)] != '.')
        {
            return false;
        }

        var numbers = name[(prefix.Length + 1)..^(extension.Length + 1)];
        int dash = numbers.IndexOf('-');
        if (dash > 0
            && int.TryParse(numbers[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out int subtask)
            && int.TryParse(numbers[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            parsed = new FileSinkName(subtask, number, epoch, checkpoint);
            return true;
        }

        return false;
    }

    private static string Hidden(string finalPath, string suffix) => Path.Join(Path.GetDirectoryName(finalPath.AsSpan()), $".{Path.GetFileName(finalPath.AsSpan())}{suffix}");

    private static bool TryTake(ref ReadOnlySpan<char> name, string mark, out long value)
    {
        int at = name.LastIndexOf(mark);
        value = 0;
        if (at < 0 || !long.TryParse(name[(at + mark.Length)..], NumberStyles.None, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        name = name[..at];
        return true;
    }
}
