using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>Checks the jobs of a host: each is declared once more for it, in a scope of its own, so that a host that runs is not touched.</summary>
/// <param name="registry">What was added to the host.</param>
/// <param name="jobs">The host's jobs.</param>
/// <param name="services">The host's services.</param>
internal sealed class HostedUpgradeCheck(HostedJobRegistry registry, HostedJobs jobs, IServiceProvider services) : IMillraceUpgradeCheck
{
    public async Task<IReadOnlyList<UpgradeReport>> CheckAllAsync(bool openFunctions = true, CancellationToken cancellationToken = default)
    {
        var reports = new List<UpgradeReport>();
        foreach (var job in registry.Jobs)
        {
            var report = await CheckAsync(job, new UpgradeCheckOptions { OpenFunctions = openFunctions }, skipWithoutStorage: true, cancellationToken).ConfigureAwait(false);
            if (report is not null)
            {
                reports.Add(report);
            }
        }

        return reports;
    }

    public async Task<UpgradeReport> CheckAsync(string job, UpgradeCheckOptions? options = null, CancellationToken cancellationToken = default)
    {
        var found = registry.Jobs.FirstOrDefault(one => string.Equals(one.Name, job, StringComparison.OrdinalIgnoreCase)) ?? throw jobs.NotFound(job);
        return (await CheckAsync(found, options ?? new UpgradeCheckOptions(), skipWithoutStorage: false, cancellationToken).ConfigureAwait(false))!;
    }

    private async Task<UpgradeReport?> CheckAsync(JobRegistration registration, UpgradeCheckOptions options, bool skipWithoutStorage, CancellationToken cancellationToken)
    {
        var configuration = new HostConfiguration(registry.Configuration);
        configuration.BindHost(new MillraceHostOptions(), jobs.Names);
        var job = new HostedJob(registration);
        try
        {
            job.Prepare(services, configuration);
            return skipWithoutStorage && job.Options.Checkpoints.Storage is null ? null : await job.CheckUpgradeAsync(options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await job.ReleaseAsync().ConfigureAwait(false);
        }
    }
}
