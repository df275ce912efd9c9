using System.Globalization;
using System.Text.RegularExpressions;
using k8s.Models;

namespace Millrace.Deploy.Tests;

/// <summary>What must hold in every installation on Kubernetes, however its objects were made.</summary>
internal static partial class ReleaseChecks
{
    public static void AssertSound(Release release)
    {
        Selectors(release);
        Ports(release);
        Probes(release);
        Environment(release);
        Rights(release);
        Volumes(release);
        Shutdown(release);
        Hardening(release);
        ClusterPorts(release);
    }

    private static void Selectors(Release release)
    {
        release.AssertSelectsWorkers(release.Workers.Spec.Selector.MatchLabels);
        Assert.All(release.All<V1Service>(), service => release.AssertSelectsWorkers(service.Spec.Selector));
        release.AssertSelectsWorkers(release.Single<V1PodDisruptionBudget>().Spec.Selector.MatchLabels);
        release.AssertSelectsWorkers(release.Single<V1NetworkPolicy>().Spec.PodSelector.MatchLabels);
        var affinity = release.Pod.Spec.Affinity.PodAntiAffinity;
        var terms = (affinity.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Concat((affinity.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(term => term.PodAffinityTerm));
        Assert.All(terms, term => release.AssertSelectsWorkers(term.LabelSelector.MatchLabels));
        Assert.All(release.Pod.Spec.TopologySpreadConstraints, spread => release.AssertSelectsWorkers(spread.LabelSelector.MatchLabels));
    }

    private static void Ports(Release release)
    {
        var ports = release.Container.Ports.ToDictionary(port => port.Name, port => port.ContainerPort.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(ports["silo"], release.Environment["Millrace__Cluster__SiloPort"]);
        Assert.Equal(ports["data"], release.Environment["Millrace__Cluster__DataPort"]);
        Assert.Equal(ports["http"], release.Environment["ASPNETCORE_HTTP_PORTS"]);
        Assert.Equal(3, ports.Values.Distinct().Count());

        var headless = Assert.Single(release.All<V1Service>(), service => service.Spec.ClusterIP == "None");
        Assert.Equal(release.Workers.Spec.ServiceName, headless.Metadata.Name);
        Assert.True(headless.Spec.PublishNotReadyAddresses);
        Assert.Equal(["data", "silo"], headless.Spec.Ports.Select(port => port.Name).Order());
        foreach (var port in release.All<V1Service>().SelectMany(service => service.Spec.Ports))
        {
            Assert.Contains(port.TargetPort.Value, ports.Keys);
        }

        // What the name service gives for a pod must be the port that it listens at.
        Assert.All(headless.Spec.Ports, port => Assert.Equal(ports[port.TargetPort.Value], port.Port.ToString(CultureInfo.InvariantCulture)));
    }

    private static void Probes(Release release)
    {
        foreach (var probe in new[] { release.Container.StartupProbe, release.Container.LivenessProbe, release.Container.ReadinessProbe })
        {
            Assert.Equal("http", probe.HttpGet.Port.Value);
            Assert.StartsWith("/health/", probe.HttpGet.Path, StringComparison.Ordinal);
        }

        // Orders with a readiness that waits for others would never end; and starting may wait for four times Millrace:Cluster:FailureDetection:AlivePublish, 5 s.
        Assert.Equal("Parallel", release.Workers.Spec.PodManagementPolicy);
        Assert.True(release.Container.StartupProbe.PeriodSeconds * release.Container.StartupProbe.FailureThreshold >= 60);
    }

    private static void Environment(Release release)
    {
        var environment = release.Environment;
        KnownKeys.AssertKnown(environment);
        Assert.Equal("<metadata.name>", environment["POD_NAME"]);
        Assert.Equal("<metadata.namespace>", environment["POD_NAMESPACE"]);
        Assert.Equal("<status.podIP>", environment["POD_IP"]);
        Assert.Equal("$(POD_IP)", environment["Millrace__Cluster__Address"]);
        Assert.Equal("true", environment["Millrace__Cluster__Kubernetes"]);
        Assert.StartsWith("<", environment["Millrace__Cluster__Membership__ConnectionString"], StringComparison.Ordinal);
        Assert.Equal(environment["Millrace__Cluster__ClusterId"], release.Pod.Metadata.Labels["orleans/clusterId"]);
        Assert.Equal(environment["Millrace__Cluster__ClusterId"], release.Pod.Metadata.Labels["orleans/serviceId"]);
        Assert.Contains(release.Container.EnvFrom, source => source.ConfigMapRef?.Name == release.Configuration.Metadata.Name);

        // A variable is put in where it stands earlier in the list; elsewhere the text stays as it is.
        var earlier = new HashSet<string>(StringComparer.Ordinal);
        foreach (var variable in release.Container.Env)
        {
            Assert.All(Reference().Matches(variable.Value ?? ""), used => Assert.Contains(used.Groups[1].Value, earlier));
            Assert.True(earlier.Add(variable.Name), $"{variable.Name} is there twice");
        }
    }

    private static void Rights(Release release)
    {
        var account = release.Single<V1ServiceAccount>();
        Assert.Equal(account.Metadata.Name, release.Pod.Spec.ServiceAccountName);
        Assert.False(account.AutomountServiceAccountToken);
        Assert.True(release.Pod.Spec.AutomountServiceAccountToken);

        var role = release.Single<V1Role>();
        var rule = role.Rules[0];
        Assert.Equal([""], rule.ApiGroups);
        Assert.Equal(["pods"], rule.Resources);
        Assert.Equal(["get", "list", "patch", "watch"], rule.Verbs.Order());

        // The number of workers, and nothing else of them; only where they are to set it, and then nobody else does.
        bool scales = release.Environment.GetValueOrDefault("Millrace__Cluster__Autoscaler__Replicas__Enabled") == "true";
        Assert.Equal(scales ? 2 : 1, role.Rules.Count);
        Assert.Equal(scales, release.Workers.Spec.Replicas is null);
        foreach (var more in role.Rules.Skip(1))
        {
            Assert.Equal(["apps"], more.ApiGroups);
            Assert.Equal(["statefulsets/scale"], more.Resources);
            Assert.Equal(["get", "patch"], more.Verbs.Order());
            Assert.All(more.ResourceNames ?? [], name => Assert.Equal(release.Workers.Metadata.Name, name));
        }

        var binding = release.Single<V1RoleBinding>();
        Assert.Equal(("Role", role.Metadata.Name), (binding.RoleRef.Kind, binding.RoleRef.Name));
        var subject = Assert.Single(binding.Subjects);
        Assert.Equal(("ServiceAccount", account.Metadata.Name), (subject.Kind, subject.Name));
        Assert.False(string.IsNullOrEmpty(subject.NamespaceProperty));
    }

    private static void Volumes(Release release)
    {
        Assert.Equal(release.Pod.Spec.Volumes.Select(volume => volume.Name).Order(), release.Container.VolumeMounts.Select(mount => mount.Name).Order());
        var claims = release.All<V1PersistentVolumeClaim>().ToDictionary(claim => claim.Metadata.Name);
        foreach (var volume in release.Pod.Spec.Volumes.Where(volume => volume.PersistentVolumeClaim is not null))
        {
            Assert.Equal(["ReadWriteMany"], claims[volume.PersistentVolumeClaim.ClaimName].Spec.AccessModes);
        }

        // The root of the file system is read-only: whatever a key names must be on a volume.
        foreach (var (key, value) in release.Environment.Where(variable => variable.Value.StartsWith('/')))
        {
            Assert.True(release.Container.VolumeMounts.Any(mount => value == mount.MountPath || value.StartsWith(mount.MountPath + "/", StringComparison.Ordinal)), $"{key}: {value} is on no volume");
        }

        Assert.Contains(release.Container.VolumeMounts, mount => mount.MountPath == "/tmp");
        string checkpoints = release.Environment["Millrace__Checkpoints__Directory"];
        Assert.True(checkpoints.Contains("://", StringComparison.Ordinal)
            || release.Pod.Spec.Volumes.Single(volume => volume.Name == release.Container.VolumeMounts.Single(mount => mount.MountPath == checkpoints).Name).PersistentVolumeClaim is not null);
    }

    private static void Shutdown(Release release)
    {
        long pause = release.Container.Lifecycle?.PreStop?.Sleep?.Seconds ?? 0;
        long time = long.Parse(release.Environment["DOTNET_shutdownTimeoutSeconds"], CultureInfo.InvariantCulture);
        Assert.True(release.Pod.Spec.TerminationGracePeriodSeconds > pause + time);
    }

    private static void Hardening(Release release)
    {
        var pod = release.Pod.Spec.SecurityContext;
        Assert.True(pod.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.SeccompProfile.Type);
        var container = release.Container.SecurityContext;
        Assert.True(container.ReadOnlyRootFilesystem);
        Assert.False(container.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], container.Capabilities.Drop);
        Assert.NotNull(release.Container.Resources.Limits["memory"]);
        Assert.Null(release.Pod.Spec.HostNetwork);
    }

    /// <summary>Only pods of the release reach the ports of the cluster.</summary>
    private static void ClusterPorts(Release release)
    {
        var policy = release.Single<V1NetworkPolicy>().Spec;
        Assert.Equal(["Ingress"], policy.PolicyTypes);
        Assert.Contains(policy.Ingress, rule => rule.Ports.Select(port => port.Port.Value).Intersect(["silo", "data"]).Count() == 2);
        foreach (var rule in policy.Ingress)
        {
            // A rule without ports is one for all of them.
            Assert.NotEmpty(rule.Ports);
            Assert.All(rule.Ports, port => Assert.Contains(port.Port.Value, release.Container.Ports.Select(known => known.Name)));
            if (rule.Ports.Any(port => port.Port.Value is not "http"))
            {
                var from = Assert.Single(rule.FromProperty);
                Assert.Null(from.IpBlock);
                Assert.Null(from.NamespaceSelector);
                release.AssertSelectsWorkers(from.PodSelector.MatchLabels);
            }
        }
    }

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Reference();
}
