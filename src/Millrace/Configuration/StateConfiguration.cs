using Microsoft.Extensions.Configuration;

namespace Millrace.Configuration;

/// <summary>The section <c>State</c>: the backend by name.</summary>
internal static class StateConfiguration
{
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
            throw ConfigurationErrors.UnknownName(backend.Path, name, backends.Names, $"Make it known first: MillraceConfiguration.Backends.Add(\"{name}\", section => ...).");
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
