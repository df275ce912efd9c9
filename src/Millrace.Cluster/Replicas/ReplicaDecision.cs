namespace Millrace.Cluster.Replicas;

/// <summary>How many workers there are to be.</summary>
/// <param name="Replicas">How many; as many as there are where nothing changes.</param>
/// <param name="IsChange">Whether that is another number.</param>
/// <param name="Reason">Why, in sentences.</param>
internal sealed record ReplicaDecision(int Replicas, bool IsChange, string Reason);
