using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Millrace.Cluster.Session;

/// <summary>Finds the entry assembly of a program, and the jobs in it. No code of the program is loaded.</summary>
internal static class ProgramEntry
{
    private const string DependencyFile = ".deps.json";

    /// <summary>The name of the entry assembly's file, which lies in the program's folder itself.</summary>
    /// <param name="files">The names of all files.</param>
    /// <param name="host">What the program has in common with the host.</param>
    /// <exception cref="MillraceException">MR6022: there is none, or more than one.</exception>
    public static string Find(IEnumerable<string> files, HostAssemblies host)
    {
        List<string> top = [.. files.Where(static name => !name.Contains('/', StringComparison.Ordinal))];
        List<string> assemblies = [.. top.Where(static name => name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))];

        // The one that was published has a list of its dependencies; where there are no lists, the one that is left.
        List<string> candidates = [.. top.Where(static name => name.EndsWith(DependencyFile, StringComparison.OrdinalIgnoreCase))
            .Select(static name => $"{name[..^DependencyFile.Length]}.dll").Select(name => assemblies.Find(other => string.Equals(other, name, StringComparison.OrdinalIgnoreCase))).OfType<string>()];
        if (candidates.Count == 0)
        {
            candidates = [.. assemblies.Where(name => host.Find(Path.GetFileNameWithoutExtension(name)) is null)];
        }

        return candidates.Count == 1
            ? candidates[0]
            : throw SessionErrors.Refused(
                $"{(candidates.Count == 0 ? "no assembly could be the one with the job" : $"{string.Join(", ", candidates)} could each be the assembly with the job")}. Expected is the content of the folder that 'dotnet publish' writes, with Name.dll and Name.deps.json at its top.");
    }

    /// <summary>The full names of the classes in an assembly that are jobs, in order. One that is a job by a base class of another assembly is not seen.</summary>
    /// <exception cref="MillraceException">MR6022: it is no assembly.</exception>
    public static IReadOnlyList<string> Jobs(Stream assembly, string name)
    {
        try
        {
            using var file = new PEReader(assembly, PEStreamOptions.LeaveOpen | PEStreamOptions.PrefetchEntireImage);
            var metadata = file.GetMetadataReader();
            return [.. metadata.TypeDefinitions.Where(handle => IsClass(metadata.GetTypeDefinition(handle)) && IsJob(metadata, handle)).Select(handle => NameOf(metadata, handle)).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is BadImageFormatException or InvalidOperationException)
        {
            throw SessionErrors.Refused($"{name} is no assembly of .NET: {error.Message}", error);
        }
    }

    private static bool IsClass(TypeDefinition type) => (type.Attributes & (TypeAttributes.Abstract | TypeAttributes.Interface)) == 0 && type.GetGenericParameters().Count == 0;

    private static bool IsJob(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        for (int depth = 0; depth < 100; depth++)
        {
            var type = metadata.GetTypeDefinition(handle);
            if (type.GetInterfaceImplementations().Any(found => IsInterfaceOfJobs(metadata, metadata.GetInterfaceImplementation(found).Interface)))
            {
                return true;
            }

            if (type.BaseType is not { IsNil: false, Kind: HandleKind.TypeDefinition } ancestor)
            {
                return false;
            }

            handle = (TypeDefinitionHandle)ancestor;
        }

        return false;
    }

    private static bool IsInterfaceOfJobs(MetadataReader metadata, EntityHandle handle)
    {
        if (handle.Kind != HandleKind.TypeReference)
        {
            return false;
        }

        var reference = metadata.GetTypeReference((TypeReferenceHandle)handle);
        return metadata.StringComparer.Equals(reference.Name, nameof(IStreamJob)) && metadata.StringComparer.Equals(reference.Namespace, nameof(Millrace));
    }

    // As Assembly.GetType takes it.
    private static string NameOf(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        string name = metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{NameOf(metadata, outer)}+{name}"
            : type.Namespace.IsNil ? name : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
