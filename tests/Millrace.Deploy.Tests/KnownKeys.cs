using Microsoft.Extensions.Configuration;
using Millrace.Checkpointing;
using Millrace.State;

namespace Millrace.Deploy.Tests;

/// <summary>Whether environment variables mean something to a worker. A key that Millrace does not know keeps it from starting.</summary>
internal static class KnownKeys
{
    /// <summary>The keys of the section <c>Millrace:Cluster</c>, as the guide of the cluster lists them.</summary>
    public static readonly IReadOnlySet<string> Cluster = new HashSet<string>(StringComparer.Ordinal)
    {
        "ClusterId", "Name", "Address", "AdvertisedAddress", "SiloPort", "DataPort", "Slots", "HandOverTimeout", "Kubernetes", "Compression",
        "Membership:Kind", "Membership:Directory", "Membership:ConnectionString",
        "FailureDetection:ProbeTimeout", "FailureDetection:MissedProbes", "FailureDetection:Votes", "FailureDetection:TableRefresh", "FailureDetection:AlivePublish", "FailureDetection:Target",
        "Scheduling:Mode", "Scheduling:Placement", "Scheduling:ResourceWaitTimeout", "Scheduling:ResourceStabilizationTimeout", "Scheduling:ScalingCooldown", "Scheduling:RescaleStabilizationTimeout",
        "Scheduling:MinParallelism", "Scheduling:MaxParallelism",
        "Autoscaler:Enabled", "Autoscaler:ScalingEnabled", "Autoscaler:SampleInterval", "Autoscaler:MetricsWindow", "Autoscaler:StabilizationInterval",
        "Autoscaler:UtilizationTarget", "Autoscaler:UtilizationMax", "Autoscaler:UtilizationMin", "Autoscaler:CatchUpDuration", "Autoscaler:RestartTime",
        "Autoscaler:ScaleDownInterval", "Autoscaler:MaxScaleDownFactor", "Autoscaler:MaxScaleUpFactor", "Autoscaler:EffectivenessThreshold", "Autoscaler:BlockIneffectiveScaling",
        "Autoscaler:VertexMinParallelism", "Autoscaler:VertexMaxParallelism", "Autoscaler:Alignment", "Autoscaler:ObservedScalability",
        "Autoscaler:Replicas:Enabled", "Autoscaler:Replicas:Min", "Autoscaler:Replicas:Max", "Autoscaler:Replicas:ScaleDownDelay", "Autoscaler:Replicas:StatefulSet", "Autoscaler:Replicas:Namespace",
        "LocalRecovery:Directory", "LocalRecovery:MaxSize",
        "Session:Enabled", "Session:Directory", "Session:LocalDirectory", "Session:MaxProgramSize", "Session:MaxUnpackedSize", "Session:MaxFiles", "Session:JobRetention", "Session:UnloadDelay",
        "Session:SharedAssemblies",
        "Tls:CertificateFile", "Tls:KeyFile", "Tls:CaFile", "Tls:CheckHostName",
    };

    // Of .NET, of what a pod tells, and of the AWS SDK.
    private static readonly HashSet<string> Foreign =
        ["ASPNETCORE_HTTP_PORTS", "ASPNETCORE_URLS", "DOTNET_ENVIRONMENT", "DOTNET_shutdownTimeoutSeconds", "POD_NAME", "POD_NAMESPACE", "POD_IP", "AWS_REGION"];

    static KnownKeys()
    {
        // As a program makes them known.
        MillraceConfiguration.Backends.Add("rocksdb", RocksDbStateBackend.FromConfiguration);
        MillraceConfiguration.Storages.Add("s3", section =>
        {
            var uri = new Uri(section["Directory"]!);
            return new S3CheckpointStorage(new S3CheckpointStorageOptions { Bucket = uri.Host, Prefix = uri.AbsolutePath.Trim('/') });
        });
    }

    /// <summary>Keys of the cluster are looked up; all others of Millrace are bound as a host binds them, with their values.</summary>
    public static void AssertKnown(IReadOnlyDictionary<string, string> environment)
    {
        var keys = environment.ToDictionary(variable => variable.Key.Replace("__", ":", StringComparison.Ordinal), variable => (string?)variable.Value);
        Assert.All(keys.Keys.Where(key => !key.StartsWith("Millrace:", StringComparison.Ordinal)), key => Assert.Contains(key, Foreign));
        Assert.All(keys.Keys.Where(key => key.StartsWith("Millrace:Cluster:", StringComparison.Ordinal)), key => Assert.Contains(key["Millrace:Cluster:".Length..], Cluster));
        AssertValues(keys);

        var root = new ConfigurationBuilder()
            .AddInMemoryCollection(keys.Where(key => !key.Key.StartsWith("Millrace:Cluster:", StringComparison.Ordinal) && !key.Key.StartsWith("Millrace:Jobs:", StringComparison.Ordinal)))
            .Build().GetSection("Millrace");
        new ExecutionOptions().Configure(root);
        var jobs = new ConfigurationBuilder().AddInMemoryCollection(keys.Where(key => key.Key.StartsWith("Millrace:Jobs:", StringComparison.Ordinal))).Build().GetSection("Millrace:Jobs");
        foreach (var job in jobs.GetChildren())
        {
            new ExecutionOptions().Configure(job);
        }
    }

    private static void AssertValues(Dictionary<string, string?> keys)
    {
        foreach (string port in new[] { "SiloPort", "DataPort" })
        {
            Assert.InRange(int.Parse(keys.GetValueOrDefault($"Millrace:Cluster:{port}", "1024")!, System.Globalization.CultureInfo.InvariantCulture), 1024, 65_535);
        }

        Assert.Contains(keys.GetValueOrDefault("Millrace:Cluster:Membership:Kind", "Postgres"), new[] { "Directory", "Redis", "Postgres" });
        foreach (string key in keys.Keys.Where(key => key.StartsWith("Millrace:Cluster:Tls:", StringComparison.Ordinal)))
        {
            // One of them alone is an error.
            Assert.Contains("Millrace:Cluster:Tls:CertificateFile", keys.Keys);
            Assert.Contains("Millrace:Cluster:Tls:CaFile", keys.Keys);
            Assert.StartsWith("Millrace:Cluster:Tls:", key, StringComparison.Ordinal);
        }
    }
}
