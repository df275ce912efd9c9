namespace Millrace.Hosting;

/// <summary>
/// Whether the autoscaler sets how many workers there are, in Kubernetes: the section <c>Millrace:Cluster:Autoscaler:Replicas</c>. The workers are a StatefulSet, whose replicas follow the slots that all jobs together should have. Needs
/// <see cref="MillraceClusterOptions.UseKubernetes"/> and the right to read and patch the <c>scale</c> of that StatefulSet.
/// </summary>
public sealed class ClusterReplicaOptions
{
    /// <summary>Whether the number of workers follows.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool Enabled { get; set; }

    /// <summary>The fewest workers.</summary>
    /// <value>Default: 1. With two or more, one can be lost without a wait for its successor.</value>
    public int Min { get; set; } = 1;

    /// <summary>The most workers: what you are ready to pay for. Must be set.</summary>
    /// <value>Default: 0, which is none.</value>
    public int Max { get; set; }

    /// <summary>How long fewer workers must have been enough before the last ones are taken away.</summary>
    /// <value>Default (<see langword="null"/>): <see cref="ClusterAutoscalerOptions.ScaleDownInterval"/>, which is 1 hour.</value>
    public TimeSpan? ScaleDownDelay { get; set; }

    /// <summary>The StatefulSet of the workers.</summary>
    /// <value>Default (<see langword="null"/>): the name of the pod (<c>POD_NAME</c>) without its number, which a StatefulSet makes so.</value>
    public string? StatefulSet { get; set; }

    /// <summary>The namespace of the StatefulSet.</summary>
    /// <value>Default (<see langword="null"/>): that of the pod (<c>POD_NAMESPACE</c>).</value>
    public string? Namespace { get; set; }

    /// <summary>What is wrong with the options; null for nothing.</summary>
    internal (string Key, string What)? Problem(bool isKubernetes, bool isAutoscaled)
    {
        if (!Enabled)
        {
            return null;
        }

        return !isKubernetes ? ("Enabled", "is true, but Kubernetes is not: there is nothing else whose number of workers could be set. Set Millrace:Cluster:Kubernetes, or leave it out")
            : !isAutoscaled ? ("Enabled", "is true, but Autoscaler:Enabled is not, and nothing says how many slots the jobs need. Set it, or leave this out")
            : Min < 1 ? (nameof(Min), $"is {Min}; it must be at least 1: without workers nobody could ask for more")
            : Max < Min ? (nameof(Max), $"is {Max}; it must be at least {nameof(Min)}, which is {Min}. It is the most workers that you are ready to pay for")
            : ScaleDownDelay < TimeSpan.Zero ? (nameof(ScaleDownDelay), $"is {ScaleDownDelay}; it must not be negative")
            : null;
    }
}
