using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Loader;

namespace Millrace.Cluster.Session;

/// <summary>
/// Which assemblies a program has in common with its host. A type is the same only in the same assembly: what a program hands to the engine, or is given by it, must come from the host. Everything else a program brings is its own, in its own
/// version. Safe for use by several threads.
/// </summary>
/// <param name="more">Names of further assemblies that are common.</param>
internal sealed class HostAssemblies(IEnumerable<string> more)
{
    // What programs are written against. Not the cluster, whose own dependencies (drivers, Orleans) are no business of theirs.
    private static readonly string[] Packages = ["Millrace", "Millrace.Abstractions", "Millrace.Runtime"];
    private static readonly string[] PackagePrefixes = ["Millrace.Connectors.", "Millrace.Formats.", "Millrace.State.", "Millrace.Storage."];
    private static readonly string[] Framework = ["System", "netstandard", "mscorlib", "WindowsBase", "Microsoft.CSharp", "Microsoft.VisualBasic", "Microsoft.VisualBasic.Core"];
    private static readonly string[] FrameworkPrefixes = ["System.", "Microsoft.Extensions.", "Microsoft.AspNetCore.", "Microsoft.Win32."];

    private readonly ConcurrentDictionary<string, Assembly?> _found = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lazy<HashSet<string>> _closure = new(() => Closure([.. Packages, .. Trusted().Where(static name => HasPrefix(name, PackagePrefixes)), .. more]));

    /// <summary>The host's assembly of a name that programs have in common with it; null where a program brings its own.</summary>
    public Assembly? Find(string name) => IsCommon(name) ? _found.GetOrAdd(name, static name => Load(name)) : null;

    private bool IsCommon(string name) => IsFramework(name) || _closure.Value.Contains(name);

    private static bool IsFramework(string name) => Framework.Contains(name, StringComparer.OrdinalIgnoreCase) || HasPrefix(name, FrameworkPrefixes);

    private static bool HasPrefix(string name, string[] prefixes) => Array.Exists(prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>The names of what the host was started with.</summary>
    private static IEnumerable<string> Trusted() => AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is string { Length: > 0 } paths
        ? paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(static path => Path.GetFileNameWithoutExtension(path))
        : AssemblyLoadContext.Default.Assemblies.Select(static assembly => assembly.GetName().Name!);

    // With all that they refer to: a connection of a driver that is handed to a connector must be of the connector's driver.
    private static HashSet<string> Closure(IEnumerable<string> roots)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var open = new Stack<string>(roots);
        while (open.TryPop(out string? name))
        {
            if (!IsFramework(name) && !names.Contains(name) && Load(name) is { } assembly)
            {
                names.Add(name);
                foreach (var reference in assembly.GetReferencedAssemblies())
                {
                    open.Push(reference.Name!);
                }
            }
        }

        return names;
    }

    private static Assembly? Load(string name)
    {
        try
        {
            return AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(name));
        }
        catch (Exception error) when (error is IOException or BadImageFormatException)
        {
            // It has none.
            return null;
        }
    }
}
