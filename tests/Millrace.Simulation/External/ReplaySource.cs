using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Simulation.External;

/// <summary>A split of a <see cref="ReplaySource"/>.</summary>
/// <param name="Index">Which one.</param>
/// <param name="Position">The record to read next.</param>
public sealed record ReplaySplit(int Index, int Position) : ISourceSplit
{
    /// <inheritdoc/>
    public string SplitId => Index.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What the enumerator remembers.</summary>
/// <param name="Discovered">How many splits it has found.</param>
/// <param name="Unassigned">Those of them that no reader has.</param>
public sealed record ReplayState(int Discovered, ReplaySplit[] Unassigned);

/// <summary>A source outside the engine that can be read again from any position, at its own pace in virtual time.</summary>
/// <param name="plan">What it contains.</param>
internal sealed class ReplaySource(ReplayPlan plan) : Source<Item, ReplaySplit, ReplayState>
{
    public override Boundedness Boundedness => Boundedness.Bounded;

    public override SplitEnumerator<ReplaySplit, ReplayState> CreateEnumerator(SplitEnumeratorContext<ReplaySplit> context, ReplayState? restored, bool isRestored) =>
        new ReplayEnumerator(context, plan, isRestored ? restored : null);

    public override SourceReader<Item, ReplaySplit> CreateReader(SourceReaderContext context) => new ReplayReader(context, plan);
}
