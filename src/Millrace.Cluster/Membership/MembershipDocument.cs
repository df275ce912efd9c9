using System.Text.Json;
using System.Text.Json.Serialization;

namespace Millrace.Cluster.Membership;

/// <summary>The table of workers, as it stands in a file.</summary>
internal sealed class MembershipDocument
{
    /// <summary>Grows with every change of a row. A write names the one that it has seen.</summary>
    public int Version { get; set; }

    public List<Row> Rows { get; set; } = [];

    [JsonIgnore]
    public TableVersion TableVersion => new(Version, ETag(Version));

    public static string ETag(long version) => version.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public static MembershipDocument Read(byte[] content) => JsonSerializer.Deserialize(content, MembershipDocumentFormat.Default.MembershipDocument) ?? new();

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, MembershipDocumentFormat.Default.MembershipDocument);

    public Row? Find(SiloAddress silo)
    {
        string address = silo.ToParsableString();
        return Rows.Find(row => row.Address == address);
    }

    /// <summary>A worker: one start of a process.</summary>
    public sealed class Row
    {
        public required string Address { get; init; }

        /// <summary>The version of the table that wrote it last.</summary>
        public long ETag { get; set; }

        public SiloStatus Status { get; set; }

        public List<Vote> Votes { get; set; } = [];

        public int ProxyPort { get; set; }

        public string? HostName { get; set; }

        public string? SiloName { get; set; }

        public string? RoleName { get; set; }

        public int UpdateZone { get; set; }

        public int FaultZone { get; set; }

        public DateTime StartTime { get; set; }

        public DateTime IAmAliveTime { get; set; }

        public static Row From(MembershipEntry entry, long etag) => new()
        {
            Address = entry.SiloAddress.ToParsableString(),
            ETag = etag,
            Status = entry.Status,
            Votes = [.. (entry.SuspectTimes ?? []).Select(vote => new Vote(vote.Item1.ToParsableString(), vote.Item2))],
            ProxyPort = entry.ProxyPort,
            HostName = entry.HostName,
            SiloName = entry.SiloName,
            RoleName = entry.RoleName,
            UpdateZone = entry.UpdateZone,
            FaultZone = entry.FaultZone,
            StartTime = entry.StartTime,
            IAmAliveTime = entry.IAmAliveTime,
        };

        public Tuple<MembershipEntry, string> ToEntry() => Tuple.Create(
            new MembershipEntry
            {
                SiloAddress = SiloAddress.FromParsableString(Address),
                Status = Status,
                SuspectTimes = [.. Votes.Select(vote => Tuple.Create(SiloAddress.FromParsableString(vote.By), vote.At))],
                ProxyPort = ProxyPort,
                HostName = HostName!,
                SiloName = SiloName!,
                RoleName = RoleName!,
                UpdateZone = UpdateZone,
                FaultZone = FaultZone,
                StartTime = StartTime,
                IAmAliveTime = IAmAliveTime,
            },
            MembershipDocument.ETag(ETag));
    }

    /// <summary>A worker suspects another.</summary>
    /// <param name="By">Who.</param>
    /// <param name="At">When.</param>
    public sealed record Vote(string By, DateTime At);
}

/// <summary>How the table is written.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(MembershipDocument))]
internal sealed partial class MembershipDocumentFormat : JsonSerializerContext;
