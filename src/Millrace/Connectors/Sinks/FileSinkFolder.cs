using System.Globalization;

namespace Millrace.Connectors;

/// <summary>The folder of a file sink and the names in it.</summary>
internal sealed class FileSinkFolder(string path, string prefix, string extension)
{
    private const string InProgressSuffix = ".inprogress";
    private const string PendingSuffix = ".pending";
    private readonly Lock _lock = new();
    private readonly HashSet<int> _overwritten = [];

    public string FinalPath(int subtask, int number) => Path.Combine(path, Name(subtask, number));

    public string InProgressPath(int subtask, int number) => Path.Combine(path, "." + Name(subtask, number) + InProgressSuffix);

    public string PendingPath(int subtask, int number) => Path.Combine(path, "." + Name(subtask, number) + PendingSuffix);

    public void ThrowIfNotEmpty()
    {
        var finished = Files().Where(f => f.Kind == "").Select(f => Path.GetFileName(f.Path)).Order(StringComparer.Ordinal).ToList();
        if (finished.Count > 0)
        {
            throw new ConnectorException(
                FileErrors.FolderHasFiles,
                $"The folder {path} has {finished.Count} file(s) of an earlier run, for example {finished[0]}. Take another folder, remove them, or set "
                + $"{nameof(FileSinkOptions)}.{nameof(FileSinkOptions.WhenFolderHasFiles)} to Append or Overwrite.");
        }
    }

    /// <summary>Makes the folder ready for a subtask: removes what dead writers left, and files of earlier runs if they are to be overwritten.</summary>
    /// <returns>The number of the subtask's first file.</returns>
    public int Prepare(int subtask, int parallelism, bool overwrite)
    {
        lock (_lock)
        {
            Directory.CreateDirectory(path);

            // Once a subtask: a writer that comes back after a failure must not delete what the job has written before.
            bool deleteAll = overwrite && _overwritten.Add(subtask);
            int next = 0;
            foreach (var file in Files().ToList())
            {
                // Subtasks that there are no more of are looked after by those that there are.
                if (file.Subtask % parallelism != subtask)
                {
                    continue;
                }

                // A pending file may be named in a checkpoint that is being restored, so it is not a writer's to remove.
                if (deleteAll || file.Kind == InProgressSuffix)
                {
                    File.Delete(file.Path);
                }
                else if (file.Subtask == subtask)
                {
                    next = Math.Max(next, file.Number + 1);
                }
            }

            return next;
        }
    }

    private IEnumerable<(string Path, int Subtask, int Number, string Kind)> Files()
    {
        if (!Directory.Exists(path))
        {
            yield break;
        }

        foreach (string file in Directory.EnumerateFiles(path))
        {
            string name = Path.GetFileName(file);
            string kind = "";
            if (name.StartsWith('.'))
            {
                kind = name.EndsWith(InProgressSuffix, StringComparison.Ordinal) ? InProgressSuffix
                    : name.EndsWith(PendingSuffix, StringComparison.Ordinal) ? PendingSuffix
                    : "?";
                if (kind == "?")
                {
                    continue;
                }

                name = name[1..^kind.Length];
            }

            if (TryParse(name, out int subtask, out int number))
            {
                yield return (file, subtask, number, kind);
            }
        }
    }

    private bool TryParse(string name, out int subtask, out int number)
    {
        subtask = 0;
        number = 0;
        if (!name.StartsWith(prefix + "-", StringComparison.Ordinal) || !name.EndsWith("." + extension, StringComparison.Ordinal)
            || name.Length < prefix.Length + extension.Length + 2)
        {
            return false;
        }

        var numbers = name.AsSpan(prefix.Length + 1, name.Length - prefix.Length - extension.Length - 2);
        int dash = numbers.IndexOf('-');
        return dash > 0
            && int.TryParse(numbers[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out subtask)
            && int.TryParse(numbers[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private string Name(int subtask, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{subtask}-{number}.{extension}");
}
