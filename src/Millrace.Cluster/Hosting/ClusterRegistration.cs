using Millrace.Hosting;

namespace Millrace.Cluster.Hosting;

/// <summary>What was said to <c>UseCluster</c> before the host was built.</summary>
/// <param name="Options">The options, as code has set them.</param>
/// <param name="Kubernetes">Whether Kubernetes gives names and addresses: its services had to be registered at once.</param>
internal sealed record ClusterRegistration(MillraceClusterOptions Options, bool Kubernetes);
