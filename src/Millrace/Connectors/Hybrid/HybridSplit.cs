namespace Millrace.Connectors;

/// <summary>A split of one of the two sources of a <see cref="HybridSource{T, TFirst, TFirstState, TSecond, TSecondState}"/>.</summary>
/// <typeparam name="TFirst">The type of the first source's splits.</typeparam>
/// <typeparam name="TSecond">The type of the second source's splits.</typeparam>
/// <param name="Kind">What it is.</param>
/// <param name="First">The split of the first source, if it is one.</param>
/// <param name="Second">The split of the second source, if it is one.</param>
public sealed record HybridSplit<TFirst, TSecond>(HybridSplitKind Kind, TFirst? First, TSecond? Second) : ISourceSplit
    where TFirst : ISourceSplit
    where TSecond : ISourceSplit
{
    /// <inheritdoc/>
    public string SplitId => Kind switch
    {
        HybridSplitKind.First => HybridSplit.First + First!.SplitId,
        HybridSplitKind.Second => HybridSplit.Second + Second!.SplitId,
        _ => $"{Kind}",
    };
}

/// <summary>The ids of splits of a hybrid source: those of the two sources, each behind a prefix.</summary>
internal static class HybridSplit
{
    public const string First = "1/";
    public const string Second = "2/";

    /// <summary>Those of one of the sources, as it knows them.</summary>
    public static IEnumerable<string> Within(string prefix, IEnumerable<string> splitIds) => splitIds.Where(id => id.StartsWith(prefix, StringComparison.Ordinal)).Select(id => id[prefix.Length..]);
}

/// <summary>What a <see cref="HybridSplit{TFirst, TSecond}"/> is.</summary>
public enum HybridSplitKind
{
    /// <summary>A split of the first source.</summary>
    First,

    /// <summary>A split of the second source.</summary>
    Second,

    /// <summary>No split: tells a reader that there are no more of the first source.</summary>
    NoMoreOfFirst,

    /// <summary>No split: tells a reader to begin with the second source.</summary>
    BeginSecond,
}

/// <summary>What the enumerator of a hybrid source remembers.</summary>
/// <typeparam name="TFirstState">What the first source's enumerator remembers.</typeparam>
/// <typeparam name="TSecondState">What the second source's enumerator remembers.</typeparam>
/// <param name="HasSwitched">Whether the first source is read to its end, by all readers.</param>
/// <param name="First">The state of the first enumerator, until the switch.</param>
/// <param name="Second">The state of the second enumerator, from the switch on.</param>
public sealed record HybridEnumeratorState<TFirstState, TSecondState>(bool HasSwitched, TFirstState? First, TSecondState? Second);
