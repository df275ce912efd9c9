using System.Globalization;

namespace Millrace.Connectors;

/// <summary>A range of positions of a source whose records are numbered: of a collection, a sequence, a generator.</summary>
/// <param name="Index">Which of the source's ranges this is; 0 is the first.</param>
/// <param name="Next">The position to read next, from 0.</param>
/// <param name="End">The position behind the last.</param>
public sealed record RangeSplit(int Index, long Next, long End) : ISourceSplit
{
    /// <inheritdoc/>
    public string SplitId => Index.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What the enumerator of ranges remembers.</summary>
/// <param name="Unassigned">The ranges that no reader has yet.</param>
public sealed record RangeEnumeratorState(RangeSplit[] Unassigned);
