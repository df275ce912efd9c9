using k8s.Models;

namespace Millrace.Deploy.Tests;

/// <summary>The Helm chart: checked, rendered with the values of its folder ci, and what comes out looked at.</summary>
public sealed class HelmTests
{
    private const string Chart = "deploy/helm/millrace";

    [Theory]
    [InlineData("volume")]
    [InlineData("all")]
    public async Task The_chart_passes_the_check_of_helm(string values)
    {
        string helm = await Tools.HelmAsync();
        string output = await Command.RunAsync(helm, "lint", "--strict", Repository.PathOf(Chart), "--values", Values(values));
        Assert.Contains("0 chart(s) failed", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("volume")]
    [InlineData("all")]
    public async Task What_the_chart_renders_is_sound(string values) => ReleaseChecks.AssertSound(await RenderAsync(values));

    [Fact]
    public async Task With_the_least_that_must_be_given_checkpoints_go_to_a_volume_and_nothing_is_encrypted()
    {
        var release = await RenderAsync("volume");
        Assert.Equal("registry.example.com/orders:1.4.0", release.Container.Image);
        Assert.Equal("orders-millrace", release.Environment["Millrace__Cluster__ClusterId"]);
        Assert.Equal("/var/lib/millrace/checkpoints", release.Environment["Millrace__Checkpoints__Directory"]);
        Assert.Equal("keep", release.Single<V1PersistentVolumeClaim>().Metadata.Annotations["helm.sh/resource-policy"]);
        Assert.DoesNotContain(release.Environment.Keys, key => key.Contains("Tls", StringComparison.Ordinal));
        Assert.Single(release.Single<V1NetworkPolicy>().Spec.Ingress);
    }

    [Fact]
    public async Task Everything_that_can_be_switched_arrives()
    {
        var release = await RenderAsync("all");
        Assert.StartsWith("registry.example.com/orders@sha256:", release.Container.Image, StringComparison.Ordinal);
        Assert.Equal(5, release.Workers.Spec.Replicas);
        Assert.Equal("orders-blue", release.Environment["Millrace__Cluster__ClusterId"]);
        Assert.Equal("4", release.Environment["Millrace__Cluster__Slots"]);
        Assert.Equal("Redis", release.Environment["Millrace__Cluster__Membership__Kind"]);
        Assert.Equal("<orders-membership/redis>", release.Environment["Millrace__Cluster__Membership__ConnectionString"]);
        Assert.Equal("s3://orders-checkpoints/blue", release.Environment["Millrace__Checkpoints__Directory"]);
        Assert.Equal("/etc/millrace/tls/ca.crt", release.Environment["Millrace__Cluster__Tls__CaFile"]);
        Assert.Equal("orders-tls", Assert.Single(release.Pod.Spec.Volumes, volume => volume.Secret is not null).Secret.SecretName);
        Assert.Equal("rocksdb", release.Environment["Millrace__State__Backend"]);
        Assert.Contains(release.Container.EnvFrom, source => source.SecretRef?.Name == "orders-bucket");
        Assert.Null(release.Container.Lifecycle);
        Assert.Equal(90, release.Pod.Spec.TerminationGracePeriodSeconds);
        Assert.NotEmpty(release.Pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution);
        Assert.Equal(2, release.Single<V1NetworkPolicy>().Spec.Ingress.Count);
        Assert.Empty(release.All<V1PersistentVolumeClaim>());
    }

    [Fact]
    public async Task Without_its_integration_a_worker_has_no_rights_in_Kubernetes()
    {
        var release = await RenderAsync("volume", "kubernetes.enabled=false");
        Assert.Empty(release.All<V1Role>());
        Assert.Empty(release.All<V1RoleBinding>());
        Assert.False(release.Pod.Spec.AutomountServiceAccountToken);
        Assert.Equal("false", release.Environment["Millrace__Cluster__Kubernetes"]);
    }

    [Fact]
    public async Task With_autoscaling_workers_may_set_how_many_there_are_and_the_chart_does_not()
    {
        var release = await RenderAsync("volume", "autoscaling.enabled=true", "autoscaling.max=7", "autoscaling.min=2", "autoscaling.scaleDownDelay=30m");
        ReleaseChecks.AssertSound(release);
        Assert.Equal([release.Workers.Metadata.Name], release.Single<V1Role>().Rules[1].ResourceNames);
        Assert.Equal(
            ["true", "true", "2", "7", "30m", "orders-millrace"],
            new[] { "Enabled", "Replicas__Enabled", "Replicas__Min", "Replicas__Max", "Replicas__ScaleDownDelay", "Replicas__StatefulSet" }.Select(key => release.Environment[$"Millrace__Cluster__Autoscaler__{key}"]));
    }

    [Fact]
    public async Task A_changed_configuration_replaces_the_pods()
    {
        var before = await RenderAsync("volume");
        var after = await RenderAsync("volume", "checkpoints.interval=1m");
        Assert.NotEqual(before.Pod.Metadata.Annotations["millrace/config"], after.Pod.Metadata.Annotations["millrace/config"]);
    }

    [Theory]
    [InlineData("image.repository is missing", "image.repository=")]
    [InlineData("membership.existingSecret is missing", "membership.existingSecret=")]
    [InlineData("checkpoints: give a directory", "checkpoints.volume.enabled=false")]
    [InlineData("Checkpoints go to one place", "checkpoints.directory=s3://bucket/orders")]
    [InlineData("tls.existingSecret is missing", "tls.enabled=true")]
    [InlineData("would be killed before it has left", "shutdown.timeoutSeconds=55")]
    [InlineData("replicaz", "replicaz=3")]
    [InlineData("autoscaling.max is 0", "autoscaling.enabled=true")]
    [InlineData("autoscaling needs kubernetes.enabled", "autoscaling.enabled=true", "autoscaling.max=3", "kubernetes.enabled=false")]
    [InlineData("follows from other values", "config.Millrace__Cluster__Autoscaler__Replicas__StatefulSet=other")]
    [InlineData("/membership/kind", "membership.kind=Kubernetes")]
    [InlineData("/checkpoints/directory", "checkpoints.directory=/tmp/somewhere", "checkpoints.volume.enabled=false")]
    [InlineData("follows from other values", "config.Millrace__Cluster__ClusterId=other")]
    [InlineData("belongs into a secret", "config.Millrace__Cluster__Membership__ConnectionString=Host=db")]
    public async Task Values_that_would_not_work_are_refused(string message, params string[] values)
    {
        var result = await Command.TryRunAsync(await Tools.HelmAsync(), Arguments("volume", values));
        Assert.NotEqual(0, result!.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static async Task<Release> RenderAsync(string values, params string[] more) =>
        Release.Parse(await Command.RunAsync(await Tools.HelmAsync(), Arguments(values, more)));

    private static string[] Arguments(string values, string[] more) =>
        ["template", "orders", Repository.PathOf(Chart), "--namespace", "streams", "--values", Values(values), .. more.SelectMany(value => new[] { "--set", value })];

    private static string Values(string name) => Repository.PathOf($"{Chart}/ci/{name}-values.yaml");
}
