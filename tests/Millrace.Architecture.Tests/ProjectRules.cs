namespace Millrace.Architecture.Tests;

/// <summary>Every project is built, tested and checked with the others.</summary>
public sealed class ProjectRules
{
    // Projects of src without a test project of their own, each with the reason.
    private static readonly Dictionary<string, string> TestedElsewhere = new()
    {
        ["Millrace.Abstractions"] = "contracts and small values; Millrace.Runtime.Tests holds the tests of both",
    };

    [Fact]
    public void Every_project_is_in_the_solution()
        => Violations.MustBeNone(Repository.Projects("").Select(project => project.File).Except(Repository.Solution)
            .Select(project => $"{project} is not in Millrace.slnx"));

    [Fact]
    public void Every_project_in_src_has_its_tests_in_the_solution()
        => Violations.MustBeNone(Repository.SourceProjects.Select(project => project.Name)
            .Where(name => !TestedElsewhere.ContainsKey(name) && !Repository.Solution.Contains($"tests/{name}.Tests/{name}.Tests.csproj"))
            .Select(name => $"{name} has no tests/{name}.Tests in Millrace.slnx, nor a reason in {nameof(TestedElsewhere)}"));

    [Fact]
    public void Every_project_has_a_committed_lock_file()
        => Violations.MustBeNone(Repository.Projects("").Select(project => $"{Path.GetDirectoryName(project.File)!.Replace('\\', '/')}/packages.lock.json")
            .Except(Repository.Files).Select(lockFile => $"{lockFile} is missing: run 'dotnet restore' and commit it"));

    [Fact]
    public void Every_package_version_is_central()
        => Violations.MustBeNone(Repository.Projects("").Where(project => Repository.Read(project.File).Contains(" Version=", StringComparison.Ordinal))
            .Select(project => $"{project.File} gives a version; versions belong in Directory.Packages.props"));

    // The runtime is nobody's API.
    [Fact]
    public void The_reference_of_the_API_has_every_library()
    {
        string pages = Repository.Read("docs/api/docfx.json");
        Violations.MustBeNone(Repository.SourceProjects.Select(project => project.Name)
            .Where(name => name != "Millrace.Runtime" && !pages.Contains($"/{name}.dll\"", StringComparison.Ordinal))
            .Select(name => $"{name} is not in docs/api/docfx.json"));
    }
}
