namespace Millrace.State.Backends;

/// <summary>A contiguous range of key groups.</summary>
/// <param name="Start">The first group.</param>
/// <param name="Count">How many.</param>
public readonly record struct KeyGroupRange(int Start, int Count)
{
    /// <summary>The group behind the last.</summary>
    public int End => Start + Count;

    /// <summary>Whether a group belongs to the range.</summary>
    /// <param name="group">The group.</param>
    /// <returns>Whether it does.</returns>
    public bool Contains(int group) => (uint)(group - Start) < (uint)Count;
}
