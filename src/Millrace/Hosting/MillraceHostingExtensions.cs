using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>Millrace in a host: the generic host or ASP.NET Core.</summary>
public static class MillraceHostingExtensions
{
    /// <summary>
    /// Adds Millrace: jobs that start with the host and stop with it. Their options come, the later before the earlier, from
    /// <see cref="MillraceConfiguration.UseHostedDefaults"/>, the code that adds the job, the section <c>Millrace</c>, and the section <c>Millrace:Jobs:</c> with the job's name. The host's own
    /// come from the section <c>Millrace:Host</c>. All is checked before any job starts.
    /// </summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="configure">Sets the host's options in code. What the configuration says overrides it.</param>
    /// <returns>A builder to add jobs to. Calling this again gives one for the same host.</returns>
    public static MillraceBuilder AddMillrace(this IHostApplicationBuilder builder, Action<MillraceHostOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddMillrace(builder.Configuration, configure);
    }

    /// <summary>Adds Millrace to the services of a host whose builder is no <see cref="IHostApplicationBuilder"/>.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configuration">The application's configuration, which may have a section <c>Millrace</c>. That of the first call counts.</param>
    /// <param name="configure">Sets the host's options in code. What the configuration says overrides it.</param>
    /// <returns>A builder to add jobs to.</returns>
    public static MillraceBuilder AddMillrace(this IServiceCollection services, IConfiguration configuration, Action<MillraceHostOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        var registry = services.Select(service => service.ServiceType == typeof(HostedJobRegistry) ? service.ImplementationInstance : null).OfType<HostedJobRegistry>().FirstOrDefault();
        if (registry is null)
        {
            registry = new HostedJobRegistry(configuration);
            services.AddSingleton(registry);
            services.TryAddSingleton<HostedJobs>();
            services.TryAddSingleton<IMillraceJobs>(static provider => provider.GetRequiredService<HostedJobs>());
            services.TryAddSingleton<IMillraceUpgradeCheck, HostedUpgradeCheck>();
            services.AddHostedService<MillraceHostedService>();
        }

        configure?.Invoke(registry.Options);
        return new MillraceBuilder(services, registry);
    }

    /// <summary>
    /// Checks all jobs of a host that is not started against what they would go on from, and writes what becomes of their state: for a program that is started with an argument for nothing else.
    /// </summary>
    /// <param name="host">The host. It is left as it is.</param>
    /// <param name="output">Where the reports go; <see langword="null"/> for the console.</param>
    /// <param name="openFunctions">As in <see cref="UpgradeCheckOptions.OpenFunctions"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code: 0 where all jobs can start, 1 where one cannot, also because its savepoint is missing or damaged, 2 where nothing speaks against it and not all could be looked at.</returns>
    /// <example><code>return await app.CheckUpgradesAsync();</code></example>
    public static async Task<int> CheckUpgradesAsync(this IHost host, TextWriter? output = null, bool openFunctions = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        output ??= Console.Out;
        try
        {
            var reports = await host.Services.GetRequiredService<IMillraceUpgradeCheck>().CheckAllAsync(openFunctions, cancellationToken).ConfigureAwait(false);
            await output.WriteLineAsync(reports.Count == 0 ? "No job keeps checkpoints." : string.Join("\n\n", reports)).ConfigureAwait(false);
            return reports.Any(report => report.ExitCode == 1) ? 1 : reports.Any(report => report.ExitCode == 2) ? 2 : 0;
        }
        catch (Exception error) when (error is MillraceException or IOException)
        {
            await output.WriteLineAsync(error.Message).ConfigureAwait(false);
            return 1;
        }
    }
}
