using Microsoft.Extensions.Configuration;
using Millrace.Configuration;

namespace Millrace.State.RocksDb;

/// <summary>The section <c>State</c> where it chooses RocksDB.</summary>
internal static class RocksDbConfiguration
{
    public static RocksDbStateBackend Create(IConfigurationSection section)
    {
        var options = new RocksDbOptions();
        new ConfigurationKeys(section, "With the backend rocksdb,").Bind(
            Backend(),
            (nameof(options.Directory), value => options.Directory = value.Text()),
            (nameof(options.MemoryBudget), value => options.MemoryBudget = value.Bytes()),
            (nameof(options.ObjectCacheShare), value => options.ObjectCacheShare = value.Number()),
            (nameof(options.WriteBufferShare), value => options.WriteBufferShare = value.Number()),
            (nameof(options.CompressFiles), value => options.CompressFiles = value.Boolean()));
        try
        {
            return new RocksDbStateBackend(options);
        }
        catch (ArgumentOutOfRangeException error)
        {
            string key = error.ParamName ?? nameof(options.MemoryBudget);
            throw ConfigurationErrors.Failed($"{section.Path}:{key}", section[key] ?? FormattableString.Invariant($"{error.ActualValue}"), error);
        }
    }

    // It has chosen this backend.
    private static (string Key, Action<ConfigurationValue> Apply) Backend() => ("Backend", _ => { });
}
