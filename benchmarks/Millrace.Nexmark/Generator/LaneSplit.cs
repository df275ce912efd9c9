using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Nexmark.Generator;

/// <summary>Every so many-th event, from a place on.</summary>
/// <param name="Lane">Which, from 0.</param>
/// <param name="Next">How many events of it have been emitted.</param>
internal sealed record LaneSplit(int Lane, long Next) : ISourceSplit
{
    public string SplitId => Lane.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The lanes that no reader has.</summary>
/// <param name="Unassigned">The lanes.</param>
internal sealed record LanesState(IReadOnlyList<LaneSplit> Unassigned);
