using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Hosting;
using Millrace.Cluster.Membership;
using Millrace.Cluster.Replicas;
using Millrace.Cluster.Session;
using Millrace.Runtime.Clustering;

namespace Millrace.Hosting;

/// <summary>Millrace on several workers.</summary>
public static class MillraceClusterExtensions
{
    /// <summary>
    /// Makes the host a worker of a cluster: its jobs are run by all workers together, and go on elsewhere when one of them dies. Every worker is the same program with the same jobs.
    /// <see cref="IMillraceCluster"/> is there to be injected.
    /// </summary>
    /// <param name="builder">The builder of the jobs.</param>
    /// <param name="configure">Sets options in code. What the section <c>Millrace:Cluster</c> of the configuration says overrides it.</param>
    /// <returns>The builder.</returns>
    /// <example>
    /// <code>
    /// builder.AddMillrace().AddJob&lt;Orders&gt;().UseCluster(cluster =&gt; cluster.UseSharedDirectory("/var/lib/millrace/cluster"));
    /// </code>
    /// </example>
    public static MillraceBuilder UseCluster(this MillraceBuilder builder, Action<MillraceClusterOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.Any(static service => service.ServiceType == typeof(ClusterRegistration)))
        {
            throw new InvalidOperationException("UseCluster was called before on this host. A worker belongs to one cluster.");
        }

        var options = new MillraceClusterOptions();
        configure?.Invoke(options);
        var jobs = services.Select(static service => service.ImplementationInstance).OfType<HostedJobRegistry>().First();
        bool kubernetes = options.Kubernetes || bool.TryParse(jobs.Configuration["Millrace:Cluster:Kubernetes"], out bool configured) && configured;
        if (kubernetes && options.Address == new MillraceClusterOptions().Address && Environment.GetEnvironmentVariable("POD_IP") is { Length: > 0 } pod)
        {
            options.Address = pod;
        }

        services.AddSingleton(new ClusterRegistration(options, kubernetes));
        services.AddSingleton<ClusterSettings>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(static provider => MembershipStores.Create(provider.GetRequiredService<ClusterSettings>().Options, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(static provider => provider.GetRequiredService<IMembershipStore>().Records);
        services.AddSingleton<ClusterView>();
        services.AddSingleton<IClusterView>(static provider => provider.GetRequiredService<ClusterView>());
        services.AddSingleton<JobPulses>();
        services.AddSingleton<LocalCoordinators>();
        services.AddSingleton<ClusterRunner>();
        services.AddSingleton<IHostedJobRunner>(static provider => provider.GetRequiredService<ClusterRunner>());
        services.AddSingleton<IMillraceCluster, MillraceCluster>();
        services.AddSingleton<HostedJobBuilder>();
        services.AddSingleton<IJobBuilder>(static provider => provider.GetRequiredService<ClusterSettings>().Options.Session.Enabled
            ? ActivatorUtilities.CreateInstance<SessionJobBuilder>(provider, provider.GetRequiredService<HostedJobBuilder>())
            : provider.GetRequiredService<HostedJobBuilder>());
        services.AddSingleton<IMillraceSession, MillraceSession>();
        services.AddSingleton<SubmittedJobs>();
        services.AddSingleton<ProgramCache>();
        services.AddSingleton(static provider => new HostAssemblies(provider.GetRequiredService<ClusterSettings>().Options.Session.SharedAssemblies));

        // Asked for only where programs are taken, and then it is there.
        services.AddSingleton(static provider => new ProgramStorage(provider.GetRequiredService<ClusterSettings>().Options.Session.Storage!));
        services.AddSingleton<IDataPlaneHost, TcpDataPlaneHost>();
        services.AddSingleton<ISlotLedger, GrainSlotLedger>();
        services.AddSingleton<IJobMasterFactory>(static provider => new JobMasterFactory(
            provider.GetRequiredService<IJobBuilder>(),
            provider.GetRequiredService<ClusterSettings>().SchedulerOptions,
            provider.GetRequiredService<ClusterSettings>().Options.Autoscaler.ToOptions(),
            provider.GetRequiredService<ISlotLedger>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));

        // Its start stands before that of the silo, which AddOrleans registers.
        services.AddHostedService<ClusterHostedService>();
        services.AddHostedService<ReplicaService>();
        services.AddOrleans(silo => SiloSetup.Configure(silo, kubernetes));
        return builder;
    }
}
