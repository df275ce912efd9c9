namespace Millrace.Cluster.Tests.Processes;

/// <summary>Where the repository is that the tests were built in.</summary>
internal static class RepositoryFolder
{
    /// <summary>Its root. Skips the test where there is none around it.</summary>
    public static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Millrace.slnx")))
        {
            folder = folder.Parent;
        }

        Assert.SkipWhen(folder is null, "The test needs the repository around it.");
        return folder!.FullName;
    }
}
