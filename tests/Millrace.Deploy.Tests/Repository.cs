namespace Millrace.Deploy.Tests;

/// <summary>The files of the repository that the tests run from.</summary>
internal static class Repository
{
    /// <summary>The directory that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathOf(string file) => Path.Combine(Root, file);

    public static string Read(string file) => File.ReadAllText(PathOf(file));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Millrace.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"Millrace.slnx is in no folder above {AppContext.BaseDirectory}.");
        }

        return folder.FullName;
    }
}
