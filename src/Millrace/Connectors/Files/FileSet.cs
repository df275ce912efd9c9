using Microsoft.Extensions.FileSystemGlobbing;

namespace Millrace.Connectors;

/// <summary>Finds the files that a path stands for: one file, a folder, or a pattern.</summary>
internal static class FileSet
{
    /// <summary>Finds the files.</summary>
    /// <param name="path">A file, a folder, or a pattern.</param>
    /// <param name="mayBeEmpty">Whether it is well that there is none; the folder must exist all the same.</param>
    /// <returns>The files, in order.</returns>
    /// <exception cref="ConnectorException">MR7102: there is none. MR7104: a folder cannot be listed.</exception>
    public static IReadOnlyList<string> Resolve(string path, bool mayBeEmpty = false)
    {
        try
        {
            return Find(path, mayBeEmpty);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConnectorException(
                FileErrors.CannotRead, $"The folder of '{path}' cannot be listed: {error.Message} See that it exists and that this process may read it.", error is IOException, error);
        }
    }

    private static List<string> Find(string path, bool mayBeEmpty)
    {
        if (File.Exists(path))
        {
            return [Path.GetFullPath(path)];
        }

        if (Directory.Exists(path))
        {
            string folder = Path.GetFullPath(path);
            return NotEmpty(
                mayBeEmpty,
                VisibleFiles(folder, Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)),
                $"The folder '{path}' has no files to read (names that begin with '.' or '_' are left out). Put files there, or correct the path.");
        }

        if (path.Contains('*', StringComparison.Ordinal))
        {
            return ResolvePattern(path, mayBeEmpty);
        }

        throw FileErrors.Missing(
            $"'{path}' (in full: '{Path.GetFullPath(path)}') is neither a file nor a folder, and has no '*' that would make it a pattern. "
            + "Correct the path, or start the program in the folder that the path is relative to.");
    }

    private static List<string> ResolvePattern(string path, bool mayBeEmpty)
    {
        string[] segments = path.Split('/', Path.DirectorySeparatorChar);
        int wild = Array.FindIndex(segments, s => s.Contains('*', StringComparison.Ordinal));
        string start = string.Join('/', segments[..wild]);
        string folder = Path.GetFullPath(start.Length > 0 ? start : path.StartsWith('/') ? "/" : ".");
        if (!Directory.Exists(folder))
        {
            throw FileErrors.Missing($"The pattern '{path}' begins in the folder '{folder}', which does not exist. Correct the path.");
        }

        var matcher = new Matcher(OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
        matcher.AddInclude(string.Join('/', segments[wild..]));
        return NotEmpty(
            mayBeEmpty,
            VisibleFiles(folder, matcher.GetResultsInFullPath(folder)),
            $"The pattern '{path}' matches no file in '{folder}' ('*' stands for any part of a name, '**' for any folders; names that begin with '.' or '_' "
            + "are left out). Put files there, or correct the pattern.");
    }

    private static List<string> VisibleFiles(string folder, IEnumerable<string> files) =>
    [
        .. files
            .Select(file => (Path: Path.GetFullPath(file), Relative: Path.GetRelativePath(folder, file)))
            .Where(file => !file.Relative.Split('/', Path.DirectorySeparatorChar).Any(part => part.StartsWith('.') || part.StartsWith('_')))
            .OrderBy(file => file.Relative, StringComparer.Ordinal)
            .Select(file => file.Path),
    ];

    private static List<string> NotEmpty(bool mayBeEmpty, List<string> files, string message) => files.Count > 0 || mayBeEmpty ? files : throw FileErrors.Missing(message);
}
