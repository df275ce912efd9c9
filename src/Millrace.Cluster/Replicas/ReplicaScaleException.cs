namespace Millrace.Cluster.Replicas;

/// <summary>The number of workers can be neither read nor set. The message says what to do.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="cause">What caused it.</param>
internal sealed class ReplicaScaleException(string message, Exception cause) : Exception(message, cause);
