using System.Xml.Linq;
using Mono.Cecil;

namespace Millrace.Architecture.Tests;

/// <summary>The files of the repository that the tests run from, as its rules see them.</summary>
internal static class Repository
{
    private static readonly HashSet<string> NotCommitted =
        [".git", ".vs", ".idea", "bin", "obj", "out", "artifacts", "BenchmarkDotNet.Artifacts", "TestResults"];

    /// <summary>The directory that holds the solution.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>Every file but build outputs, as a path from the root with forward slashes.</summary>
    internal static IReadOnlyList<string> Files { get; } = [.. Enumerate(new DirectoryInfo(Root)).Select(Relative).Order(StringComparer.Ordinal)];

    /// <summary>The projects of src.</summary>
    internal static IReadOnlyList<Project> SourceProjects { get; } = [.. Projects("src/")];

    /// <summary>The projects of the solution, as paths from the root.</summary>
    internal static IReadOnlyList<string> Solution { get; } =
        [.. XDocument.Load(Path.Combine(Root, "Millrace.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value)];

    /// <summary>The C# files below a folder.</summary>
    internal static IEnumerable<string> CSharp(params string[] folders)
        => Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && folders.Any(folder => file.StartsWith(folder, StringComparison.Ordinal)));

    /// <summary>The text of a file.</summary>
    internal static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>The projects below a folder.</summary>
    internal static IEnumerable<Project> Projects(string folder)
        => Files.Where(file => file.StartsWith(folder, StringComparison.Ordinal) && file.EndsWith(".csproj", StringComparison.Ordinal)).Select(file => new Project(file));

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Millrace.slnx")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"No Millrace.slnx above {AppContext.BaseDirectory}: run these tests from inside the repository.");
    }

    private static IEnumerable<FileInfo> Enumerate(DirectoryInfo directory)
        => directory.EnumerateFiles().Where(file => !NotCommitted.Contains(file.Name))
            .Concat(directory.EnumerateDirectories().Where(child => !NotCommitted.Contains(child.Name)).SelectMany(Enumerate));

    private static string Relative(FileInfo file) => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/');
}

/// <summary>A project file and the assembly that it makes.</summary>
internal sealed class Project(string file)
{
    private readonly XDocument _document = XDocument.Load(Path.Combine(Repository.Root, file));

    /// <summary>The project file, from the root.</summary>
    internal string File => file;

    /// <summary>The project's name.</summary>
    internal string Name => Path.GetFileNameWithoutExtension(file);

    /// <summary>The names of the projects it references itself.</summary>
    internal IReadOnlyList<string> ProjectReferences => [.. Items("ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))];

    /// <summary>The names of the items of a kind.</summary>
    internal IEnumerable<string> Items(string kind) => _document.Descendants(kind).Select(item => item.Attribute("Include")?.Value).OfType<string>();

    /// <summary>The compiled assembly.</summary>
    internal AssemblyDefinition ReadAssembly()
    {
        string path = Path.Combine(AppContext.BaseDirectory, Name + ".dll");
        Assert.True(System.IO.File.Exists(path), $"{Name}.dll does not stand beside the architecture tests: add a ProjectReference to {file} to Millrace.Architecture.Tests.csproj.");
        return AssemblyDefinition.ReadAssembly(path);
    }
}
