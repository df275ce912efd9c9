using Mono.Cecil;

namespace Millrace.Architecture.Tests;

/// <summary>Arrows point down only: a project knows what stands below it, and nothing else.</summary>
public sealed class DependencyRules
{
    // The house. A name that ends in .* stands for every project whose name begins so.
    private static readonly (string Project, string[] MayReference)[] Allowed =
    [
        ("Millrace.Abstractions", []),
        ("Millrace.Runtime", ["Millrace.Abstractions"]),
        ("Millrace", ["Millrace.Abstractions", "Millrace.Runtime"]),
        ("Millrace.Cluster", ["Millrace.Abstractions", "Millrace.Runtime", "Millrace"]),
        ("Millrace.Rest", ["Millrace.Abstractions", "Millrace.Runtime", "Millrace", "Millrace.Cluster"]),
        ("Millrace.Testing", ["Millrace.Abstractions", "Millrace.Runtime", "Millrace"]), // stands beside Millrace: nothing references it
        ("Millrace.Connectors.*", ["Millrace.Abstractions"]),
        ("Millrace.Formats.*", ["Millrace.Abstractions", "Millrace"]), // a format plugs into the file source and sink, which are in Millrace
        ("Millrace.State.*", ["Millrace.Abstractions"]),
        ("Millrace.Storage.*", ["Millrace.Abstractions"]),
    ];

    // What the core must not drag into a user's process.
    private static readonly string[] CoreProjects = ["Millrace.Abstractions", "Millrace.Runtime", "Millrace", "Millrace.Testing"];
    private static readonly string[] NeverInTheCore = ["Orleans", "Microsoft.Orleans", "Microsoft.AspNetCore", "Millrace.Connectors.", "Millrace.Formats.", "Millrace.State.", "Millrace.Storage."];

    public static TheoryData<string> SourceProjects() => [.. Repository.SourceProjects.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void A_project_references_only_what_stands_below_it(string name)
    {
        Project project = Find(name);
        Violations.MustBeNone(project.ProjectReferences.Except(MayReference(name)).Select(reference => $"{project.File} references {reference}, which does not stand below it"));
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void An_assembly_uses_only_what_stands_below_it(string name)
    {
        using AssemblyDefinition assembly = Find(name).ReadAssembly();
        Violations.MustBeNone(assembly.MainModule.AssemblyReferences.Select(reference => reference.Name).Where(IsOurs).Except(MayReference(name))
            .Select(reference => $"{name}.dll uses {reference}, which does not stand below it"));
    }

    [Fact]
    public void The_core_knows_no_cluster_no_web_server_and_no_connector()
    {
        List<string> wrong = [];
        foreach (Project project in Repository.SourceProjects.Where(project => CoreProjects.Contains(project.Name)))
        {
            using AssemblyDefinition assembly = project.ReadAssembly();
            IEnumerable<string> known = assembly.MainModule.AssemblyReferences.Select(reference => reference.Name)
                .Concat(project.Items("PackageReference")).Concat(project.Items("FrameworkReference"));
            wrong.AddRange(known.Where(IsForbiddenInTheCore).Select(reference => $"{project.Name} → {reference}"));
        }

        Violations.MustBeNone(wrong);
    }

    [Fact]
    public void Internals_are_shared_with_packages_above_tests_benchmarks_and_the_simulator_alone()
    {
        HashSet<string> friends = [.. Repository.SourceProjects.Select(project => project.Name), "Millrace.Benchmarks", "Millrace.Simulation", "Millrace.ClusterTests.Worker"];
        Violations.MustBeNone(Repository.SourceProjects.SelectMany(project => project.Items("InternalsVisibleTo")
            .Where(friend => !friends.Contains(friend) && !friend.EndsWith(".Tests", StringComparison.Ordinal))
            .Select(friend => $"{project.Name} shows its internals to {friend}; samples and users have the public API")));
    }

    private static Project Find(string name) => Repository.SourceProjects.Single(project => project.Name == name);

    private static string[] MayReference(string name)
    {
        foreach ((string project, string[] mayReference) in Allowed)
        {
            if (project == name || (project.EndsWith(".*", StringComparison.Ordinal) && name.StartsWith(project[..^1], StringComparison.Ordinal)))
            {
                return mayReference;
            }
        }

        Assert.Fail($"{name} has no place in the house: add it to the table {nameof(Allowed)} in {nameof(DependencyRules)}.cs with what it may reference.");
        return [];
    }

    private static bool IsOurs(string assembly) => assembly == "Millrace" || assembly.StartsWith("Millrace.", StringComparison.Ordinal);

    private static bool IsForbiddenInTheCore(string reference)
        => NeverInTheCore.Any(prefix => reference.StartsWith(prefix, StringComparison.Ordinal));
}
