using System.Text.RegularExpressions;
using Mono.Cecil;

namespace Millrace.Architecture.Tests;

/// <summary>Public namespaces are flat and few; the namespaces of internal types follow folders.</summary>
public sealed partial class NamespaceRules
{
    private static readonly HashSet<string> PublicNamespaces =
    [
        "Millrace",
        "Millrace.Checkpointing",
        "Millrace.Connectors",
        "Millrace.Hosting",
        "Millrace.Metrics",
        "Millrace.Serialization",
        "Millrace.State",
        "Millrace.State.Backends",
        "Millrace.StateProcessing",
        "Millrace.Testing",
        "Millrace.Windowing",
    ];

    [Fact]
    public void Public_types_live_in_the_public_namespaces()
    {
        List<string> wrong = [];
        foreach (Project project in Repository.SourceProjects)
        {
            using AssemblyDefinition assembly = project.ReadAssembly();
            wrong.AddRange(assembly.MainModule.Types.Where(type => type.IsPublic && !PublicNamespaces.Contains(type.Namespace))
                .Select(type => $"{type.FullName} in {project.Name}: make it internal, move it, or add its namespace to {nameof(PublicNamespaces)}"));
        }

        Violations.MustBeNone(wrong);
    }

    [Fact]
    public void Files_with_internal_types_alone_follow_their_folder()
    {
        List<string> wrong = [];
        foreach (string file in Repository.CSharp("src/"))
        {
            string text = Repository.Read(file);
            Match declared = FileNamespace().Match(text);
            if (!declared.Success)
            {
                continue; // Assembly attributes and global usings.
            }

            string actual = declared.Groups[1].Value;
            string project = file.Split('/')[1];
            string byFolder = string.Join('.', file.Split('/')[1..^1]);

            // Helpers of a public type stand beside it. Only the runtime, which is nearly all internal, is held to folders without exception.
            bool besidePublicTypes = PublicNamespaces.Contains(actual) && (project != "Millrace.Runtime" || PublicType().IsMatch(text));
            if (actual != byFolder && !besidePublicTypes)
            {
                wrong.Add($"{file} declares {actual}; its folder says {byFolder}");
            }
        }

        Violations.MustBeNone(wrong);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex FileNamespace();

    [GeneratedRegex(@"^public ", RegexOptions.Multiline)]
    private static partial Regex PublicType();
}
