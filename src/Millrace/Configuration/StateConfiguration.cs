using Microsoft.Extensions.Configuration;

namespace Millrace.Configuration;

/// <summary>The section <c>State</c>: the backend by name.</summary>
internal static class StateConfiguration
{
    // The engine does not know the package, but who has forgotten this line should not have to search for it.
    private const string RocksDb =
        "Make it known first, with the package Millrace.State.RocksDb: MillraceConfiguration.Backends.Add(\"rocksdb\", RocksDbStateBackend.FromConfiguration).";

    public static void Bind(ExecutionOptions options, IConfigurationSection section)
    {
        var backends = MillraceConfiguration.Backends;
        var backend = section.GetSection("Backend");
        string name = backend.Value?.Trim() ?? throw ConfigurationErrors.Missing($"{section.Path}:Backend", $"one of {string.Join(", ", backends.Names)}");
        if (backends.IsBuiltIn(name))
        {
            new ConfigurationKeys(section, $"With the backend {name},").Bind(("Backend", _ => options.StateBackend = null));
            return;
        }

        if (!backends.TryGet(name, out var create))
        {
            bool isRocksDb = string.Equals(name, "rocksdb", StringComparison.OrdinalIgnoreCase);
            string howToAdd = isRocksDb ? RocksDb : $"Make it known first: MillraceConfiguration.Backends.Add(\"{name}\", section => ...).";
            throw ConfigurationErrors.UnknownName(backend.Path, name, backends.Names, howToAdd);
        }

        try
        {
            options.StateBackend = create(section);
        }
        catch (Exception error) when (error is not GraphException)
        {
            throw ConfigurationErrors.Failed(backend.Path, name, error);
        }
    }
}
