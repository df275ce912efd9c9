using System.Globalization;
using Millrace.Cluster.Hosting;
using Millrace.Runtime.Clustering;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Millrace.Cluster.Membership;

/// <summary>What a worker tells the others of itself, beside the address that membership knows.</summary>
internal static class WorkerMetadata
{
    private const string Name = "millrace.name";
    private const string Host = "millrace.host";
    private const string Port = "millrace.port";
    private const string Slots = "millrace.slots";

    public static void Write(IDictionary<string, string> metadata, ClusterSettings settings)
    {
        metadata[Name] = settings.Name;
        metadata[Host] = settings.AdvertisedHost;
        metadata[Port] = settings.Options.DataPort.ToString(CultureInfo.InvariantCulture);
        metadata[Slots] = settings.Options.Slots.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>This worker.</summary>
    public static WorkerInfo Me(SiloAddress silo, ClusterSettings settings) =>
        new(silo.ToParsableString(), settings.Name, settings.AdvertisedHost, settings.Options.DataPort, settings.Options.Slots);

    /// <summary>Another worker; null while its metadata is on its way.</summary>
    public static WorkerInfo? Read(SiloAddress silo, SiloMetadata metadata)
    {
        var values = metadata.Metadata;
        return values.TryGetValue(Name, out string? name) && values.TryGetValue(Host, out string? host)
            && values.TryGetValue(Port, out string? port) && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && values.TryGetValue(Slots, out string? slots) && int.TryParse(slots, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? new WorkerInfo(silo.ToParsableString(), name, host, number, count)
            : null;
    }
}
