using System.Reflection;
using System.Runtime.Loader;

namespace Millrace.Cluster.Session;

/// <summary>The assemblies of one program. They are gone when the context was unloaded and nothing refers to any of their types or objects.</summary>
internal sealed class ProgramLoadContext : AssemblyLoadContext
{
    private readonly HostAssemblies _host;
    private readonly string _entry;
    private readonly string _folder;
    private readonly AssemblyDependencyResolver? _resolver;

    /// <param name="name">Names it, for debuggers.</param>
    /// <param name="entry">The path of the entry assembly.</param>
    /// <param name="host">What it has in common with the host.</param>
    public ProgramLoadContext(string name, string entry, HostAssemblies host)
        : base(name, isCollectible: true)
    {
        _host = host;
        _folder = Path.GetDirectoryName(entry)!;
        try
        {
            _resolver = new AssemblyDependencyResolver(entry);
        }
        catch (InvalidOperationException)
        {
            // A host in a single file has nothing that could read the list of dependencies; then they lie beside the entry assembly.
        }

        _entry = entry;
    }

    /// <summary>The assembly that jobs are looked for in. Loaded when it is asked for, and not kept: the runtime holds a context until its assemblies are gone, so one that held an assembly would hold itself.</summary>
    public Assembly GetEntry() => LoadFromAssemblyPath(_entry);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.CultureName is null or "" && _host.Find(assemblyName.Name!) is { } common)
        {
            return assemblyName.Version is { } wanted && wanted > common.GetName().Version
                ? throw new FileLoadException(
                    $"The program was built with {assemblyName.Name} {wanted}, and the worker has {common.GetName().Version}, which programs have in common with it. Build the program with what the worker has, or update the workers.")
                : common;
        }

        return Find(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) => _resolver?.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    private string? Find(AssemblyName name)
    {
        if (_resolver is not null)
        {
            return _resolver.ResolveAssemblyToPath(name);
        }

        string path = Path.Combine(_folder, name.CultureName ?? "", $"{name.Name}.dll");
        return File.Exists(path) ? path : null;
    }
}
