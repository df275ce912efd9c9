namespace Millrace.State.Backends;

/// <summary>
/// A place in the enumeration of a <see cref="KeyedStateTable{TKey, TNamespace, TValue}"/>. The default value stands before the first entry.
/// </summary>
/// <remarks>The numbers belong to the table that moves the cursor; whoever enumerates only keeps them.</remarks>
public struct TableCursor
{
    /// <summary>Which part of the table, for example which of its key groups.</summary>
    public int Partition { get; set; }

    /// <summary>The place within the part; 0 stands before its first entry.</summary>
    public int Position { get; set; }
}
