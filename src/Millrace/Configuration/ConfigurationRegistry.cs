using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;

namespace Millrace;

/// <summary>What a configuration may name that comes from another package. Safe for use by several threads.</summary>
/// <typeparam name="T">What is named.</typeparam>
/// <example><code>MillraceConfiguration.Backends.Add("rocksdb", RocksDbStateBackend.FromConfiguration);</code></example>
public sealed class ConfigurationRegistry<T>
    where T : class
{
    private readonly ConcurrentDictionary<string, Func<IConfigurationSection, T>> _factories = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _builtIn;

    internal ConfigurationRegistry(string builtIn)
    {
        _builtIn = builtIn;
    }

    /// <summary>The names that a configuration may use, in order.</summary>
    public IReadOnlyList<string> Names => [.. _factories.Keys.Append(_builtIn).Order(StringComparer.OrdinalIgnoreCase)];

    /// <summary>Makes a name known; one that is known already is replaced.</summary>
    /// <param name="name">The name, in any case of letters.</param>
    /// <param name="create">Makes the thing of the section that names it. What it throws is reported with the section's path.</param>
    /// <exception cref="ArgumentException">The name is empty or the engine's own.</exception>
    public void Add(string name, Func<IConfigurationSection, T> create)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(create);
        if (string.Equals(name, _builtIn, StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"'{_builtIn}' is built in.", nameof(name));
        }

        _factories[name] = create;
    }

    internal bool IsBuiltIn(string name) => string.Equals(name, _builtIn, StringComparison.OrdinalIgnoreCase);

    internal bool TryGet(string name, [NotNullWhen(true)] out Func<IConfigurationSection, T>? create) => _factories.TryGetValue(name, out create);
}
