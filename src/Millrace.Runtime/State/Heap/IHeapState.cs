namespace Millrace.Runtime.State.Heap;

/// <summary>What the backend sees of a state, whatever its types.</summary>
internal interface IHeapState
{
    StateIdentity Identity { get; }

    /// <summary>How many entries there are.</summary>
    long Count { get; }

    FrozenTable Freeze();

    /// <summary>Hints that entries will soon be needed, where they are found by key alone.</summary>
    void Prefetch(ReadOnlySpan<ulong> hashes);

    /// <summary>Reads the entries of key groups into the table. Every group is one of this table's, and is given once.</summary>
    void Load(RestoredState restored);
}
