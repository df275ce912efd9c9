using Millrace.Hosting;

namespace Millrace.Cluster.Membership;

/// <summary>Makes the store that the options name.</summary>
internal static class MembershipStores
{
    public static IMembershipStore Create(MillraceClusterOptions options, TimeProvider time) => options.Membership switch
    {
        MembershipKind.Directory => new DirectoryStore(options.Directory!, options.ClusterId, time),
        MembershipKind.Redis => new RedisStore(options.ConnectionString!, options.ClusterId),
        MembershipKind.Postgres => new PostgresStore(options.ConnectionString!, options.ClusterId),
        _ => throw new InvalidOperationException($"No membership: {options.Membership}."),
    };
}
