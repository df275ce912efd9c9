using k8s;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Cluster.Hosting;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Replicas;

/// <summary>Runs the <see cref="ReplicaDriver"/> of this worker where the options say so.</summary>
/// <param name="settings">The options of the cluster.</param>
/// <param name="cluster">Says how many slots jobs should have.</param>
/// <param name="view">Who is alive.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Makes loggers.</param>
internal sealed class ReplicaService(ClusterSettings settings, IMillraceCluster cluster, IClusterView view, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var autoscaler = settings.Options.Autoscaler;
        var options = autoscaler.Replicas;
        if (!options.Enabled)
        {
            return;
        }

        var logger = loggers.CreateLogger("Millrace.Cluster.Replicas");
        KubernetesClientConfiguration access;
        try
        {
            access = KubernetesClientConfiguration.InClusterConfig();
        }
        catch (Exception error)
        {
            // The worker has other things to do, and does them.
            Log.NoAccess(logger, error, error.Message);
            return;
        }

        using var client = new Kubernetes(access);
        string ns = options.Namespace ?? Environment.GetEnvironmentVariable("POD_NAMESPACE") ?? "default";
        var scale = new KubernetesScale(client, options.StatefulSet ?? StatefulSetOf(settings.Name), ns, CallTimeout, time);
        var driver = new ReplicaDriver(
            () => new ReplicaPlanner(settings.Options.Slots, options.Min, options.Max, (long)(options.ScaleDownDelay ?? autoscaler.ScaleDownInterval).TotalMilliseconds),
            scale,
            () => IsFirst(settings.Name, [.. view.Current.Workers.Select(worker => worker.Name)]),
            WishesAsync,
            autoscaler.SampleInterval,
            time,
            logger);
        await driver.RunAsync(stoppingToken).ConfigureAwait(false);
    }

    /// <summary>A StatefulSet names its pods by itself and a number.</summary>
    internal static string StatefulSetOf(string pod)
    {
        int dash = pod.LastIndexOf('-');
        return dash > 0 && dash < pod.Length - 1 && pod.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0 ? pod[..dash] : pod;
    }

    /// <summary>Whether a worker is the one with the lowest number of those that are alive: the last one to be taken away.</summary>
    internal static bool IsFirst(string me, IReadOnlyList<string> alive) => alive.MinBy(static name => (NumberOf(name), name)) == me;

    private static long NumberOf(string pod) => long.TryParse(pod.AsSpan(pod.LastIndexOf('-') + 1), out long number) ? number : long.MaxValue;

    private async Task<IReadOnlyList<(string Job, int? Slots)>> WishesAsync(CancellationToken cancellationToken)
    {
        var wishes = new List<(string, int?)>();
        foreach (string job in cluster.Jobs)
        {
            try
            {
                var status = await cluster.GetStatusAsync(job, cancellationToken).ConfigureAwait(false);
                wishes.Add((job, status.State is JobState.Finished or JobState.Canceled or JobState.Failed ? 0 : status.WantedSlots));
            }
            catch (KeyNotFoundException)
            {
                // It was submitted, has ended, and was forgotten just now.
                wishes.Add((job, 0));
            }
            catch (Exception error) when (error is MillraceException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // Its coordinator is just moving, or is not there yet.
                wishes.Add((job, null));
            }
        }

        return wishes;
    }
}
