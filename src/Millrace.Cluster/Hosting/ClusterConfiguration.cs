using Microsoft.Extensions.Configuration;
using Millrace.Cluster.Membership;
using Millrace.Configuration;
using Millrace.Hosting;

namespace Millrace.Cluster.Hosting;

/// <summary>The section <c>Cluster</c>.</summary>
internal static class ClusterConfiguration
{
    public static void Bind(MillraceClusterOptions options, IConfigurationSection section)
    {
        var keys = new ConfigurationKeys(section, "");
        keys.Bind(
            ("ClusterId", value => options.ClusterId = value.Text()),
            ("Name", value => options.Name = value.Text()),
            ("Address", value => options.Address = value.Text()),
            ("AdvertisedAddress", value => options.AdvertisedAddress = value.Text()),
            ("SiloPort", value => options.SiloPort = value.Integer()),
            ("DataPort", value => options.DataPort = value.Integer()),
            ("Slots", value => options.Slots = value.Integer()),
            ("HandOverTimeout", value => options.HandOverTimeout = value.Time()),
            ("Kubernetes", value => options.Kubernetes = value.Boolean()),
            ("Membership", _ => BindMembership(options, keys.Section("Membership"))),
            ("FailureDetection", _ => BindFailureDetection(options.FailureDetection, keys.Section("FailureDetection"))),
            ("Compression", value => options.Compression = value.Boolean()),
            ("LocalRecovery", _ => BindLocalRecovery(options.LocalRecovery, keys.Section("LocalRecovery"))),
            ("Session", _ => BindSession(options.Session, keys.Section("Session"))),
            ("Scheduling", _ => BindScheduling(options.Scheduling, keys.Section("Scheduling"))),
            ("Autoscaler", _ => BindAutoscaler(options.Autoscaler, new ConfigurationKeys(keys.Section("Autoscaler"), ""))),
            ("Tls", _ => BindTls(options.Tls, keys.Section("Tls"))));
    }

    private static void BindMembership(MillraceClusterOptions options, IConfigurationSection section)
    {
        var chosen = options.Membership;
        new ConfigurationKeys(section, "").Bind(
            ("Kind", value => options.Membership = Enum.TryParse<MembershipKind>(value.Text(), ignoreCase: true, out var kind) && kind != MembershipKind.None && Enum.IsDefined(kind)
                ? kind
                : throw value.Refuse("one of Directory, Redis, Postgres")),
            ("Directory", value => options.Directory = value.Text()),
            ("ConnectionString", value => options.ConnectionString = value.Text()));

        // What was said in code for one kind means nothing to another.
        if (options.Membership is MembershipKind.Redis or MembershipKind.Postgres && (options.Membership != chosen || options.ConnectionString is null) && section["ConnectionString"] is null)
        {
            throw ConfigurationErrors.Missing($"{section.Path}:ConnectionString", $"how {options.Membership} is reached");
        }

        if (options.Membership == MembershipKind.Directory && options.Directory is null)
        {
            throw ConfigurationErrors.Missing($"{section.Path}:Directory", "a directory that all workers see");
        }
    }

    private static void BindFailureDetection(FailureDetectionOptions options, IConfigurationSection section) => new ConfigurationKeys(section, "").Bind(
        ("ProbeTimeout", value => options.ProbeTimeout = value.Time()),
        ("MissedProbes", value => options.MissedProbes = value.Integer()),
        ("Votes", value => options.Votes = value.Integer()),
        ("TableRefresh", value => options.TableRefresh = value.Time()),
        ("AlivePublish", value => options.AlivePublish = value.Time()),
        ("Target", value => options.Target = value.Time()));

    private static void BindLocalRecovery(LocalRecoveryOptions options, IConfigurationSection section) => new ConfigurationKeys(section, "").Bind(
        ("Directory", value => options.Directory = value.Text()),
        ("MaxSize", value => options.MaxSize = value.Bytes()));

    private static void BindSession(ClusterSessionOptions options, IConfigurationSection section) => new ConfigurationKeys(section, "").Bind(
        ("Enabled", value => options.Enabled = value.Boolean()),
        ("Directory", value => options.Storage = CheckpointConfiguration.CreateStorage(value.Text(), section)),
        ("LocalDirectory", value => options.LocalDirectory = value.Text()),
        ("MaxProgramSize", value => options.MaxProgramSize = value.Bytes()),
        ("MaxUnpackedSize", value => options.MaxUnpackedSize = value.Bytes()),
        ("MaxFiles", value => options.MaxFiles = value.Integer()),
        ("JobRetention", value => options.JobRetention = value.Time()),
        ("UnloadDelay", value => options.UnloadDelay = value.Time()),
        ("SharedAssemblies", value =>
        {
            foreach (string name in value.Text().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                options.SharedAssemblies.Add(name);
            }
        }
    ));

    private static void BindScheduling(ClusterSchedulingOptions options, IConfigurationSection section) => new ConfigurationKeys(section, "").Bind(
        ("Mode", value => options.Mode = value.OneOf<ClusterSchedulingMode>()),
        ("Placement", value => options.Placement = value.OneOf<ClusterSlotPlacement>()),
        ("ResourceWaitTimeout", value => options.ResourceWaitTimeout = value.Time()),
        ("ResourceStabilizationTimeout", value => options.ResourceStabilizationTimeout = value.Time()),
        ("ScalingCooldown", value => options.ScalingCooldown = value.Time()),
        ("RescaleStabilizationTimeout", value => options.RescaleStabilizationTimeout = value.Time()),
        ("MinParallelism", value => options.MinParallelism = value.Integer()),
        ("MaxParallelism", value => options.MaxParallelism = value.Integer()));

    private static void BindReplicas(ClusterReplicaOptions options, IConfigurationSection section) => new ConfigurationKeys(section, "").Bind(
        ("Enabled", value => options.Enabled = value.Boolean()),
        ("Min", value => options.Min = value.Integer()),
        ("Max", value => options.Max = value.Integer()),
        ("ScaleDownDelay", value => options.ScaleDownDelay = value.Time()),
        ("StatefulSet", value => options.StatefulSet = value.Text()),
        ("Namespace", value => options.Namespace = value.Text()));

    private static void BindAutoscaler(ClusterAutoscalerOptions options, ConfigurationKeys keys) => keys.Bind(
        ("Enabled", value => options.Enabled = value.Boolean()),
        ("ScalingEnabled", value => options.ScalingEnabled = value.Boolean()),
        ("MetricsWindow", value => options.MetricsWindow = value.Time()),
        ("SampleInterval", value => options.SampleInterval = value.Time()),
        ("StabilizationInterval", value => options.StabilizationInterval = value.Time()),
        ("UtilizationTarget", value => options.UtilizationTarget = value.Number()),
        ("UtilizationMax", value => options.UtilizationMax = value.Number()),
        ("UtilizationMin", value => options.UtilizationMin = value.Number()),
        ("CatchUpDuration", value => options.CatchUpDuration = value.Time()),
        ("RestartTime", value => options.RestartTime = value.Time()),
        ("ScaleDownInterval", value => options.ScaleDownInterval = value.Time()),
        ("MaxScaleDownFactor", value => options.MaxScaleDownFactor = value.Number()),
        ("MaxScaleUpFactor", value => options.MaxScaleUpFactor = value.Number()),
        ("EffectivenessThreshold", value => options.EffectivenessThreshold = value.Number()),
        ("BlockIneffectiveScaling", value => options.BlockIneffectiveScaling = value.Boolean()),
        ("VertexMinParallelism", value => options.VertexMinParallelism = value.Integer()),
        ("VertexMaxParallelism", value => options.VertexMaxParallelism = value.Integer()),
        ("Alignment", value => options.Alignment = value.OneOf<ClusterParallelismAlignment>()),
        ("ObservedScalability", value => options.ObservedScalability = value.Boolean()),
        ("Replicas", _ => BindReplicas(options.Replicas, keys.Section("Replicas"))));

    private static void BindTls(ClusterTlsOptions options, IConfigurationSection section) => new ConfigurationKeys(section, "").Bind(
        ("CertificateFile", value => options.CertificateFile = value.Text()),
        ("KeyFile", value => options.KeyFile = value.Text()),
        ("CaFile", value => options.CaFile = value.Text()),
        ("CheckHostName", value => options.CheckHostName = value.Boolean()));
}
