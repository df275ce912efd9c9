using Millrace.Cluster.Membership;
using Millrace.Connectors.Tests;
using Millrace.Hosting;
using Millrace.Tests.Redis;

namespace Millrace.Cluster.Tests.Membership;

/// <summary>The three kinds of stores, each with the settings of a cluster of its own.</summary>
internal static class TestStores
{
    public static TheoryData<string> Kinds => ["Directory", "Redis", "Postgres"];

    /// <summary>The settings of a worker, as in its configuration. Skips the test where the server is missing.</summary>
    public static async Task<List<(string Key, string Value)>> SettingsAsync(string kind, string folder, Server postgres, RedisServer redis)
    {
        List<(string, string)> settings = [("ClusterId", $"test-{Guid.NewGuid():N}"), ("Membership:Kind", kind)];
        settings.Add(kind switch
        {
            "Directory" => ("Membership:Directory", folder),
            "Redis" => ("Membership:ConnectionString", await redis.GetConnectionStringAsync()),
            _ => ("Membership:ConnectionString", postgres.ConnectionString),
        });
        return settings;
    }

    public static async Task<MillraceClusterOptions> OptionsAsync(string kind, string folder, Server postgres, RedisServer redis)
    {
        var settings = await SettingsAsync(kind, folder, postgres, redis);
        return new MillraceClusterOptions
        {
            ClusterId = settings[0].Value,
            Membership = Enum.Parse<MembershipKind>(kind),
            Directory = kind == "Directory" ? settings[2].Value : null,
            ConnectionString = kind == "Directory" ? null : settings[2].Value,
        };
    }

    /// <summary>A store as one worker has it. Several of the same options are several workers.</summary>
    public static async Task<IMembershipStore> PreparedAsync(MillraceClusterOptions options)
    {
        var store = MembershipStores.Create(options, TimeProvider.System);
        await store.PrepareAsync(TestContext.Current.CancellationToken);
        return store;
    }
}
