using System.Reflection;
using System.Reflection.Metadata;
using System.Runtime.Loader;

namespace Millrace.Cluster.Session;

/// <summary>
/// What libraries of .NET remember of types for as long as the process lives: <c>JsonSerializer</c> of every type that it was given, in options that all of the process share. A program that was unloaded would stay in memory for that. These
/// libraries clear their caches when code is changed in a debugger, and say how that is asked of them (<see cref="MetadataUpdateHandlerAttribute"/>); what is still needed is found again.
/// </summary>
internal static class FrameworkCaches
{
    // Not the runtime's own: its caches belong to the types, and clearing them looks at all types of the process.
    private static readonly string[] Libraries = ["System.Text.Json", "System.ComponentModel.TypeConverter", "Microsoft.Extensions.DependencyInjection.Abstractions"];

    public static void Clear()
    {
        foreach (var assembly in AssemblyLoadContext.Default.Assemblies.Where(static assembly => Libraries.Contains(assembly.GetName().Name)))
        {
            foreach (var handler in assembly.GetCustomAttributes<MetadataUpdateHandlerAttribute>())
            {
                handler.HandlerType.GetMethod("ClearCache", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(Type[])])?.Invoke(null, [null]);
            }
        }
    }
}
