using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Hosting;
using Millrace.Cluster.Membership;
using Millrace.ClusterTests;
using Millrace.Hosting;
using Orleans.Configuration;

namespace Millrace.Cluster.Tests.Hosting;

public sealed class ClusterOptionsTests
{
    [Fact]
    public void What_configuration_says_overrides_what_code_says_and_the_rest_stays()
    {
        using var host = Host(
            cluster =>
            {
                cluster.UseSharedDirectory("code");
                cluster.Slots = 3;
                cluster.SiloPort = 12_000;
                cluster.FailureDetection.Votes = 1;
            },
            ("Slots", "9"),
            ("Name", "seven"),
            ("AdvertisedAddress", "127.0.0.2"),
            ("Membership:Directory", "configuration"),
            ("LocalRecovery:Directory", "copies"),
            ("LocalRecovery:MaxSize", "2GB"),
            ("Session:Enabled", "true"),
            ("Session:Directory", "programs"),
            ("Session:MaxProgramSize", "64MB"),
            ("Session:SharedAssemblies", "Acme.Contracts, Acme.Clock"),
            ("FailureDetection:ProbeTimeout", "500ms"));
        var settings = host.Services.GetRequiredService<ClusterSettings>();
        Assert.Equal(("seven", 9, 12_000, 7100), (settings.Name, settings.Options.Slots, settings.Options.SiloPort, settings.Options.DataPort));
        Assert.Equal((MembershipKind.Directory, "configuration"), (settings.Options.Membership, settings.Options.Directory));
        Assert.Equal(("copies", 2L << 30), (settings.Options.LocalRecovery.Directory, settings.Options.LocalRecovery.MaxSize));
        Assert.True(settings.SchedulerOptions.RemembersPlacement);
        var session = settings.Options.Session;
        Assert.Equal((true, $"folder {Path.GetFullPath("programs")}", 64L << 20), (session.Enabled, session.Storage!.Description, session.MaxProgramSize));
        Assert.Equal(["Acme.Contracts", "Acme.Clock"], session.SharedAssemblies);
        Assert.Equal((TimeSpan.FromMilliseconds(500), 1, 3), (settings.Options.FailureDetection.ProbeTimeout, settings.Options.FailureDetection.Votes, settings.Options.FailureDetection.MissedProbes));

        var orleans = host.Services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;
        Assert.Equal((TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(500)), (orleans.ProbeTimeout, orleans.MaxProbeTimeout));
        var endpoints = host.Services.GetRequiredService<IOptions<EndpointOptions>>().Value;
        Assert.Equal(("127.0.0.2", "127.0.0.1:12000", 0), (endpoints.AdvertisedIPAddress?.ToString(), endpoints.SiloListeningEndpoint?.ToString(), endpoints.GatewayPort));
        Assert.Equal(TimeSpan.Zero, host.Services.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value.RangeLeaseDuration);
    }

    [Fact]
    public void Nothing_but_a_store_must_be_said()
    {
        using var host = Host(null, ("Membership:Kind", "redis"), ("Membership:ConnectionString", "localhost:6379"));
        var settings = host.Services.GetRequiredService<ClusterSettings>();
        Assert.Equal(("millrace", $"{Environment.MachineName}-11111", "127.0.0.1"), (settings.Options.ClusterId, settings.Name, settings.ListenAddress.ToString()));
        Assert.True(settings.IsLoopback);
        Assert.Equal(Environment.ProcessorCount, settings.Options.Slots);
        Assert.Equal((null, 10L << 30), (settings.Options.LocalRecovery.Directory, settings.Options.LocalRecovery.MaxSize));
        Assert.False(settings.SchedulerOptions.RemembersPlacement);
        Assert.False(settings.Options.Session.Enabled);
    }

    [Theory]
    [InlineData("MR1010: Configuration: Millrace:Cluster:Silo-Port is not known. Is Millrace:Cluster:SiloPort meant?", "Silo-Port", "1")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:Membership:Path is not known.", "Membership:Path", "1")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:FailureDetection:Probes is not known.", "FailureDetection:Probes", "1")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:Membership:Kind is 'Consul'; expected is one of Directory, Redis, Postgres.", "Membership:Kind", "Consul")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:Membership:ConnectionString is missing; expected is how Postgres is reached.", "Membership:Kind", "Postgres")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:SiloPort is 'x'; expected is a whole number.", "SiloPort", "x")]
    [InlineData("MR6001: Millrace:Cluster:SiloPort is 0; it must be between 1 and 65535.", "SiloPort", "0")]
    [InlineData("MR6001: Millrace:Cluster:DataPort is 11111, and so is SiloPort.", "DataPort", "11111")]
    [InlineData("MR6001: Millrace:Cluster:Slots is 0; it must be between 1 and 10000.", "Slots", "0")]
    [InlineData("MR6001: Millrace:Cluster:ClusterId is '../x'", "ClusterId", "../x")]
    [InlineData("MR6001: Millrace:Cluster:AdvertisedAddress is missing: 0.0.0.0 is an address to listen at", "Address", "0.0.0.0")]
    [InlineData("MR6001: Millrace:Cluster:Address is 'no such host', which is no address", "Address", "no such host")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:LocalRecovery:Folder is not known.", "LocalRecovery:Folder", "x")]
    [InlineData("MR6001: Millrace:Cluster:LocalRecovery:MaxSize is 0; it must be at least 1 byte.", "LocalRecovery:MaxSize", "0")]
    [InlineData("MR6001: Millrace:Cluster:Session:Directory is missing: programs that are submitted must be kept where all workers can read them.", "Session:Enabled", "true")]
    [InlineData("MR6001: Millrace:Cluster:Session:MaxFiles is 0; it must be at least 1.", "Session:MaxFiles", "0")]
    [InlineData("MR6001: Millrace:Cluster:Session:UnloadDelay is -00:00:01; it must not be negative.", "Session:UnloadDelay", "-00:00:01")]
    [InlineData("MR1010: Configuration: Millrace:Cluster:Session:Storage is not known.", "Session:Storage", "x")]
    [InlineData("MR6001: Millrace:Cluster:Tls:CaFile is missing", "Tls:CertificateFile", "cert.pem")]
    [InlineData("MR6001: Millrace:Cluster:Tls:CertificateFile is missing", "Tls:CaFile", "ca.pem")]
    [InlineData("MR6002: Millrace:Cluster:FailureDetection: a frozen worker would be noticed after up to 00:00:08 (ProbeTimeout 00:00:02 × (MissedProbes 3 + 1)), but Target is 00:00:05.", "FailureDetection:ProbeTimeout", "2s")]
    [InlineData("MR6002: Millrace:Cluster:FailureDetection: TableRefresh is 00:00:10, but Target is 00:00:05", "FailureDetection:TableRefresh", "10s")]
    [InlineData("MR6002: Millrace:Cluster:FailureDetection:ProbeTimeout is 00:00:00.0500000; it must be between", "FailureDetection:ProbeTimeout", "50ms")]
    [InlineData("MR6002: Millrace:Cluster:FailureDetection:MissedProbes is 1 and Votes is 2", "FailureDetection:MissedProbes", "1")]
    public async Task A_wrong_value_keeps_the_host_from_starting_and_names_the_key(string message, string key, string value)
    {
        using var host = Host(cluster => cluster.UseSharedDirectory("directory"), (key, value));
        var error = await Assert.ThrowsAnyAsync<MillraceException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Enabled is true, but Kubernetes is not", false, true, 1, 3, 0)]
    [InlineData("Enabled is true, but Autoscaler:Enabled is not", true, false, 1, 3, 0)]
    [InlineData("Min is 0; it must be at least 1", true, true, 0, 3, 0)]
    [InlineData("Max is 0; it must be at least Min, which is 1.", true, true, 1, 0, 0)]
    [InlineData("ScaleDownDelay is -00:00:01; it must not be negative", true, true, 1, 3, -1)]
    [InlineData(null, true, true, 3, 3, 0)]
    public void Replicas_that_cannot_follow_are_refused(string? message, bool kubernetes, bool autoscaler, int min, int max, int delay)
    {
        var options = new ClusterReplicaOptions { Enabled = true, Min = min, Max = max, ScaleDownDelay = TimeSpan.FromSeconds(delay) };
        Assert.StartsWith(message ?? "", options.Problem(kubernetes, autoscaler) is var (key, what) ? $"{key} {what}." : "", StringComparison.Ordinal);
        Assert.Equal(message is null, options.Problem(kubernetes, autoscaler) is null);
        options.Enabled = false;
        Assert.Null(options.Problem(kubernetes, autoscaler));
    }

    [Fact]
    public void Replicas_are_read_from_configuration()
    {
        using var host = Host(
            cluster => cluster.UseSharedDirectory("directory"), ("Autoscaler:Replicas:Max", "7"), ("Autoscaler:Replicas:Min", "2"), ("Autoscaler:Replicas:ScaleDownDelay", "30m"), ("Autoscaler:Replicas:StatefulSet", "set"),
            ("Autoscaler:Replicas:Namespace", "streams"), ("Autoscaler:UtilizationMax", "0.8"));
        var autoscaler = host.Services.GetRequiredService<ClusterSettings>().Options.Autoscaler;
        var replicas = autoscaler.Replicas;
        Assert.Equal((false, 2, 7, TimeSpan.FromMinutes(30), "set", "streams"), (replicas.Enabled, replicas.Min, replicas.Max, replicas.ScaleDownDelay, replicas.StatefulSet, replicas.Namespace));
        Assert.Equal(0.8, autoscaler.ToOptions().UtilizationMax);
    }

    [Fact]
    public async Task Without_a_store_the_host_does_not_start()
    {
        using var host = Host(null);
        var error = await Assert.ThrowsAsync<MillraceException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith("MR6001: Millrace:Cluster:Membership is missing: workers must find each other.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_the_cluster_that_code_knows_nothing_of_is_no_error_of_the_jobs()
    {
        using var host = Host(cluster => cluster.UseSharedDirectory("directory"), ("Address", "192.0.2.1"));
        var error = await Assert.ThrowsAsync<MillraceException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith("MR6001: The job 'orders' keeps its checkpoints in a folder of this machine", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_belongs_to_one_cluster()
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        var millrace = builder.AddMillrace().UseCluster();
        Assert.Throws<InvalidOperationException>(() => millrace.UseCluster());
    }

    [Theory]
    [InlineData(null, LogLevel.Warning)]
    [InlineData("Orleans", LogLevel.Debug)]
    [InlineData("Orleans.Runtime", LogLevel.Debug)]
    public void Orleans_is_quiet_unless_somebody_has_said_how_loud_it_is_to_be(string? category, LogLevel level)
    {
        var builder = Builder(cluster => cluster.UseSharedDirectory("directory"));
        if (category is not null)
        {
            builder.Logging.AddFilter(category, level);
        }

        using var host = builder.Build();
        var rules = host.Services.GetRequiredService<IOptions<LoggerFilterOptions>>().Value.Rules.Where(rule => rule.CategoryName == (category ?? "Orleans")).ToList();
        Assert.Equal(level, Assert.Single(rules).LogLevel);
        Assert.Equal(category is null, host.Services.GetRequiredService<IOptions<LoggerFilterOptions>>().Value.Rules.Any(rule => rule.CategoryName == "Orleans.Runtime.Watchdog"));
    }

    [Fact]
    public void The_handle_of_a_job_is_not_to_be_had_in_a_cluster_and_the_error_says_what_is()
    {
        using var host = Host(cluster => cluster.UseSharedDirectory("directory"));
        var error = Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<IMillraceJobs>()["orders"]);
        Assert.EndsWith("it runs in the cluster. Ask IMillraceCluster, from the same services.", error.Message, StringComparison.Ordinal);
    }

    private static IHost Host(Action<MillraceClusterOptions>? configure, params (string Key, string Value)[] settings) => Builder(configure, settings).Build();

    private static HostApplicationBuilder Builder(Action<MillraceClusterOptions>? configure, params (string Key, string Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.AddMillrace().AddJob("orders", env => env.FromSequence(1, 2).Discard()).UseCluster(configure);

        builder.Services.AddSingleton<IDataPlaneHost, SayingDataPlaneHost>();
        builder.Services.AddSingleton<IJobMasterFactory, SayingMasterFactory>();

        // Behind UseCluster: what is added to the configuration until the host is built counts.
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>($"Millrace:Cluster:{setting.Key}", setting.Value)));
        return builder;
    }
}
