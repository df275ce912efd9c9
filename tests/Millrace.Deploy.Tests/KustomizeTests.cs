using k8s;
using k8s.Models;

namespace Millrace.Deploy.Tests;

/// <summary>The plain manifests: each strictly parsed, and what the example makes of them looked at.</summary>
public sealed class KustomizeTests
{
    private const string Folder = "deploy/kubernetes";

    public static TheoryData<string> Manifests =>
        [.. Directory.EnumerateFiles(Repository.PathOf(Folder), "*.yaml", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "kustomization.yaml").Select(file => Path.GetRelativePath(Repository.Root, file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_manifest_has_no_field_that_Kubernetes_does_not_know(string file) => Assert.NotEmpty(KubernetesYaml.LoadAllFromString(Repository.Read(file), null, strict: true));

    [Fact]
    public void The_strict_parser_notices_a_wrong_field()
    {
        string broken = Repository.Read($"{Folder}/base/statefulset.yaml").Replace("containerPort:", "containerPortt:", StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString(broken, null, strict: true));
    }

    [Fact]
    public async Task The_example_is_sound()
    {
        var release = Release.Parse(await Command.RunAsync(await Tools.KubectlAsync(), "kustomize", Repository.PathOf($"{Folder}/overlays/orders")));
        ReleaseChecks.AssertSound(release);
        Assert.Equal("orders", release.Environment["Millrace__Cluster__ClusterId"]);
        Assert.Equal("<orders-millrace-membership/connectionString>", release.Environment["Millrace__Cluster__Membership__ConnectionString"]);
        Assert.Equal("registry.example.com/orders:1.4.0", release.Container.Image);
        Assert.All(release.Objects.Cast<IKubernetesObject<V1ObjectMeta>>(), item => Assert.Equal("streams", item.Metadata.NamespaceProperty));
        Assert.Equal("orders", release.Workers.Spec.Selector.MatchLabels["app.kubernetes.io/instance"]);
    }

    [Fact]
    public async Task With_the_component_for_it_workers_may_set_how_many_there_are()
    {
        string folder = Directory.CreateTempSubdirectory("millrace-kustomize-").FullName;
        try
        {
            // As an overlay has it: without a number of replicas, which would be set back with each apply.
            string overlay = Path.Combine(folder, "overlays", "scaled");
            CopyFolder(Repository.PathOf(Folder), folder);
            CopyFolder(Path.Combine(folder, "overlays", "orders"), overlay);
            string file = Path.Combine(overlay, "kustomization.yaml");
            string text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            string replicas = "replicas:\n  - name: millrace\n    count: 3\n";
            Assert.Contains(replicas, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(
                file,
                text.Replace(replicas, "", StringComparison.Ordinal).Replace("  - ../../components/tls\n", "  - ../../components/tls\n  - ../../components/autoscaling\n", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            var release = Release.Parse(await Command.RunAsync(await Tools.KubectlAsync(), "kustomize", overlay));
            ReleaseChecks.AssertSound(release);
            Assert.Equal("true", release.Environment["Millrace__Cluster__Autoscaler__Replicas__Enabled"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void CopyFolder(string from, string to)
    {
        // Listed before anything is written: a copy may lie within.
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    // Who has one of the two has the other.
    [Fact]
    public async Task The_manifests_and_the_chart_run_workers_alike()
    {
        var manifests = Release.Parse(await Command.RunAsync(await Tools.KubectlAsync(), "kustomize", Repository.PathOf($"{Folder}/overlays/orders")));
        string chart = Repository.PathOf("deploy/helm/millrace");
        var helm = Release.Parse(await Command.RunAsync(
            await Tools.HelmAsync(), "template", "orders", chart, "--namespace", "streams", "--values", Path.Combine(chart, "ci", "volume-values.yaml"),
            "--set", "tls.enabled=true", "--set", "tls.existingSecret=orders-millrace-tls"));

        Assert.Equal(helm.Objects.Select(item => item.GetType().Name).Order(), manifests.Objects.Select(item => item.GetType().Name).Order());
        Assert.Equal(
            helm.Environment.Keys.Order(StringComparer.Ordinal), manifests.Environment.Keys.Where(key => key != "Millrace__Jobs__orders__Parallelism").Order(StringComparer.Ordinal));
        Assert.Equal(Part(helm.Container.LivenessProbe), Part(manifests.Container.LivenessProbe));
        Assert.Equal(Part(helm.Container.ReadinessProbe), Part(manifests.Container.ReadinessProbe));
        Assert.Equal(Part(helm.Container.StartupProbe), Part(manifests.Container.StartupProbe));
        Assert.Equal(Part(helm.Container.SecurityContext), Part(manifests.Container.SecurityContext));
        Assert.Equal(Part(helm.Container.Resources), Part(manifests.Container.Resources));
        Assert.Equal(Part(helm.Container.Lifecycle), Part(manifests.Container.Lifecycle));
        Assert.Equal(Part(helm.Pod.Spec.SecurityContext), Part(manifests.Pod.Spec.SecurityContext));
        Assert.Equal(helm.Pod.Spec.TerminationGracePeriodSeconds, manifests.Pod.Spec.TerminationGracePeriodSeconds);
        Assert.Equal(
            helm.Container.VolumeMounts.Select(mount => $"{mount.Name} {mount.MountPath}").Order(StringComparer.Ordinal),
            manifests.Container.VolumeMounts.Select(mount => $"{mount.Name} {mount.MountPath}").Order(StringComparer.Ordinal));
    }

    private static string Part(object part) => KubernetesYaml.Serialize(part);
}
