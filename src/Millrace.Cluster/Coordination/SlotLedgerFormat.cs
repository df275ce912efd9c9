using System.Text.Json.Serialization;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <summary>How claims and grants are written.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(SlotClaim))]
[JsonSerializable(typeof(SlotGrant))]
[JsonSerializable(typeof(SlotUse[]))]
internal sealed partial class SlotLedgerFormat : JsonSerializerContext;
