namespace Millrace.Cluster.Membership;

/// <summary>Where workers find each other.</summary>
internal enum MembershipKind
{
    /// <summary>Nobody has said.</summary>
    None,

    /// <summary>A directory that all of them see.</summary>
    Directory,

    /// <summary>Redis.</summary>
    Redis,

    /// <summary>PostgreSQL.</summary>
    Postgres,
}
