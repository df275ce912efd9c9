namespace Millrace.Runtime.Graph;

/// <summary>An operator and all that must be the same of it on every worker.</summary>
/// <param name="Name">Name and uid, for people.</param>
/// <param name="Hash">The hash.</param>
internal sealed record NodeFingerprint(string Name, string Hash);
