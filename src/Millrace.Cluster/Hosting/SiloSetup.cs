using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Millrace.Cluster.Membership;
using Millrace.Cluster.Security;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Millrace.Cluster.Hosting;

/// <summary>What Orleans is told. All of it is read when the host starts, so that the configuration is complete by then.</summary>
internal static class SiloSetup
{
    public static void Configure(ISiloBuilder silo, bool kubernetes)
    {
        var services = silo.Services;
        services.AddOptions<ClusterOptions>().Configure<ClusterSettings>(static (options, settings) => options.ClusterId = options.ServiceId = settings.Options.ClusterId);
        services.AddOptions<SiloOptions>().Configure<ClusterSettings>(static (options, settings) => options.SiloName = settings.Name);
        services.AddOptions<EndpointOptions>().Configure<ClusterSettings>(static (options, settings) =>
        {
            options.AdvertisedIPAddress = settings.AdvertisedAddress;
            options.SiloListeningEndpoint = new IPEndPoint(settings.ListenAddress, settings.Options.SiloPort);
            options.SiloPort = settings.Options.SiloPort;

            // No door for clients from outside: only workers take part.
            options.GatewayPort = 0;
        });
        services.AddOptions<ClusterMembershipOptions>().Configure<ClusterSettings>(static (options, settings) =>
        {
            var detection = settings.Options.FailureDetection;

            // Left to its default, the most would let a frozen worker live for a minute: a vote waits for so long after the last byte from it.
            options.ProbeTimeout = options.MaxProbeTimeout = detection.ProbeTimeout;
            options.NumMissedProbesLimit = detection.MissedProbes;
            options.NumVotesForDeathDeclaration = detection.Votes;
            options.TableRefreshTimeout = detection.TableRefresh;
            options.IAmAliveTablePublishTimeout = detection.AlivePublish;
        });

        // The default directory loses a job's coordinator when an unrelated worker dies that held the entry. The lease would keep the coordinator of a dead worker away for half a minute; what it is
        // to prevent, two at once, is what terms are for.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        services.Configure<GrainDirectoryOptions>(static options => options.RangeLeaseDuration = TimeSpan.Zero);

        services.AddSingleton<IMembershipTable>(static provider => provider.GetRequiredService<IMembershipStore>().CreateTable(
            provider.GetRequiredService<IOptions<ClusterOptions>>().Value, provider));

        // The dictionary is read when the options are made, and the first of the two fills it.
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        services.AddOptions<SiloMetadata>().Configure<ClusterSettings>((_, settings) => WorkerMetadata.Write(metadata, settings));
        silo.UseSiloMetadata(metadata);

        services.AddOptions<SiloConnectionOptions>().Configure<ClusterSettings>(static (options, settings) => SiloTls.Configure(options, settings));
        services.AddOptions<LoggerFilterOptions>().PostConfigure(Quiet);
        if (kubernetes)
        {
            silo.UseKubernetesHosting();
        }
    }

    /// <summary>Orleans tells much at its start, and nothing of it is for the daily log. Whoever wants it says so in the configuration of logging.</summary>
    internal static void Quiet(LoggerFilterOptions options)
    {
        bool chosen = Mentions(options, "Orleans");
        if (!chosen)
        {
            options.Rules.Add(new LoggerFilterRule(null, "Orleans", LogLevel.Warning, null));

            // Its first look takes the time since the machine was started for a delay, and warns of it.
            options.Rules.Add(new LoggerFilterRule(null, "Orleans.Runtime.Watchdog", LogLevel.Error, null));
        }

        // What places grains for Orleans tells of every one.
        if (!chosen && !Mentions(options, "Polly"))
        {
            options.Rules.Add(new LoggerFilterRule(null, "Polly", LogLevel.Warning, null));
        }
    }

    private static bool Mentions(LoggerFilterOptions options, string category) =>
        options.Rules.Any(rule => rule.CategoryName?.StartsWith(category, StringComparison.OrdinalIgnoreCase) == true);
}
