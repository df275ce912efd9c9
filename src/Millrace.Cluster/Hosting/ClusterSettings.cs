using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Millrace.Cluster.Membership;
using Millrace.Hosting;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Hosting;

/// <summary>The options of the cluster when all that configures them has been read and checked. Made once, when the host starts.</summary>
internal sealed partial class ClusterSettings
{
    private const string Path = "Millrace:Cluster";

    public ClusterSettings(ClusterRegistration registration, HostedJobRegistry jobs)
    {
        Options = registration.Options;
        new HostConfiguration(jobs.Configuration).BindCluster(section => ClusterConfiguration.Bind(Options, section));
        if (Options.Kubernetes != registration.Kubernetes)
        {
            throw Wrong("Kubernetes", "was set after UseCluster was called, and that is too late for it. Set it in code, or in a source of the configuration that is there already");
        }

        Check();
        ListenAddress = Resolve(nameof(Options.Address), Options.Address);
        AdvertisedHost = Options.AdvertisedAddress ?? Options.Address;
        AdvertisedAddress = Options.AdvertisedAddress is null ? ListenAddress : Resolve(nameof(Options.AdvertisedAddress), Options.AdvertisedAddress);
        if (AdvertisedAddress.Equals(IPAddress.Any) || AdvertisedAddress.Equals(IPAddress.IPv6Any))
        {
            throw Wrong(nameof(Options.AdvertisedAddress), $"is missing: {Options.Address} is an address to listen at, and nobody can be reached by it. Give the one by which other workers reach this one");
        }

        if (Options.Kubernetes && IsLoopback)
        {
            throw Wrong(nameof(Options.Address), $"is {Options.Address}, which other pods cannot reach, and the environment variable POD_IP is not set. Give the container POD_IP, POD_NAME and POD_NAMESPACE from the fields of its pod");
        }

        Name = Options.Name ?? $"{Environment.MachineName}-{Options.SiloPort}";
    }

    public MillraceClusterOptions Options { get; }

    public string Name { get; }

    /// <summary>How coordinators on this worker use slots.</summary>
    public SchedulerOptions SchedulerOptions
    {
        get
        {
            var options = Options.Scheduling.ToOptions();
            options.RemembersPlacement = Options.LocalRecovery.Directory is not null;
            return options;
        }
    }

    /// <summary>Where the worker listens.</summary>
    public IPAddress ListenAddress { get; }

    /// <summary>How others reach it, as it was given: with TLS a name must stay a name.</summary>
    public string AdvertisedHost { get; }

    public IPAddress AdvertisedAddress { get; }

    /// <summary>Whether only processes of this machine can take part.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(AdvertisedAddress);

    private void Check()
    {
        if (!Names().IsMatch(Options.ClusterId))
        {
            throw Wrong(nameof(Options.ClusterId), $"is '{Options.ClusterId}'; expected are up to 100 letters, digits, dashes, dots and underscores, the first of them no dot");
        }

        if (Options.Name is { } name && (name.Length > 100 || string.IsNullOrWhiteSpace(name)))
        {
            throw Wrong(nameof(Options.Name), $"is '{name}'; expected are 1 to 100 characters");
        }

        CheckRange(nameof(Options.SiloPort), Options.SiloPort, 65_535);
        CheckRange(nameof(Options.DataPort), Options.DataPort, 65_535);
        CheckRange(nameof(Options.Slots), Options.Slots, 10_000);
        if (Options.HandOverTimeout < TimeSpan.Zero)
        {
            throw Wrong(nameof(Options.HandOverTimeout), $"is {Options.HandOverTimeout}; it must not be negative");
        }

        if (Options.SiloPort == Options.DataPort)
        {
            throw Wrong(nameof(Options.DataPort), $"is {Options.DataPort}, and so is {nameof(Options.SiloPort)}. Give each a port of its own");
        }

        if (Options.Membership == MembershipKind.None)
        {
            throw Wrong(
                "Membership", "is missing: workers must find each other. Call UseSharedDirectory, UseRedis or UsePostgres on the options of UseCluster, or set Kind to Directory, Redis or Postgres");
        }

        if (Options.Kubernetes && Options.Membership == MembershipKind.Directory)
        {
            throw Wrong("Membership", "is Directory, but pods of Kubernetes do not share one whose locks could be trusted. Use Redis or Postgres");
        }

        if (Options.Tls is { CertificateFile: null } and ({ CaFile: not null } or { KeyFile: not null }))
        {
            throw Wrong("Tls:CertificateFile", "is missing: an authority or a key alone encrypts nothing");
        }

        if (Options.Tls is { CertificateFile: not null, CaFile: null })
        {
            throw Wrong("Tls:CaFile", "is missing: a worker must know which authority the certificates of the others come from");
        }

        if (Options.Scheduling.ToOptions().Check().FirstOrDefault() is { } problem)
        {
            throw Wrong("Scheduling", problem.TrimEnd('.'));
        }

        if (Options.Autoscaler.ToOptions().Check().FirstOrDefault() is { } wrong)
        {
            throw Wrong("Autoscaler", wrong.TrimEnd('.'));
        }

        if (Options.Autoscaler.Enabled && Options.Scheduling.Mode == ClusterSchedulingMode.Reactive)
        {
            throw Wrong("Autoscaler:Enabled", "is true, but Scheduling:Mode is Reactive, in which a job uses all slots that there are. Leave one of them out");
        }

        if (Options.Autoscaler.Replicas.Problem(Options.Kubernetes, Options.Autoscaler.Enabled) is { } unfit)
        {
            throw Wrong($"Autoscaler:Replicas:{unfit.Key}", unfit.What);
        }

        if (Options.LocalRecovery.MaxSize < 1)
        {
            throw Wrong("LocalRecovery:MaxSize", $"is {Options.LocalRecovery.MaxSize}; it must be at least 1 byte. To keep no local copies, leave out LocalRecovery:Directory");
        }

        CheckSession(Options.Session);
        Options.FailureDetection.Validate($"{Path}:FailureDetection");
    }

    private static void CheckSession(ClusterSessionOptions session)
    {
        if (session is { Enabled: true, Storage: null })
        {
            throw Wrong("Session:Directory", "is missing: programs that are submitted must be kept where all workers can read them. Set it to a volume that all of them see, or to an object store");
        }

        (string Key, long Value)[] sizes = [(nameof(session.MaxProgramSize), session.MaxProgramSize), (nameof(session.MaxUnpackedSize), session.MaxUnpackedSize), (nameof(session.MaxFiles), session.MaxFiles)];
        if (Array.Find(sizes, static size => size.Value < 1) is { Key: { } key } size)
        {
            throw Wrong($"Session:{key}", $"is {size.Value}; it must be at least 1");
        }

        (string Key, TimeSpan Value)[] times = [(nameof(session.JobRetention), session.JobRetention), (nameof(session.UnloadDelay), session.UnloadDelay)];
        if (Array.Find(times, static time => time.Value < TimeSpan.Zero) is { Key: { } name } time)
        {
            throw Wrong($"Session:{name}", $"is {time.Value}; it must not be negative");
        }
    }

    private static void CheckRange(string key, int value, int most)
    {
        if (value < 1 || value > most)
        {
            throw Wrong(key, $"is {value}; it must be between 1 and {most}");
        }
    }

    private static IPAddress Resolve(string key, string host)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return address;
        }

        try
        {
            var found = Dns.GetHostAddresses(host);
            return found.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            throw Wrong(key, $"is '{host}', which is no address, nor a name that this machine can resolve ({error.Message})", error);
        }
    }

    private static MillraceException Wrong(string key, string what, Exception? cause = null) => new("MR6001", $"{Path}:{key} {what}.", cause);

    [GeneratedRegex(@"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")]
    private static partial Regex Names();
}
