namespace Millrace.State.Backends;

/// <summary>What the values of a state are. The numbers are part of the snapshot format.</summary>
public enum KeyedStateKind
{
    /// <summary>One value per key and namespace. It is written with a byte before it: 1, or 0 for a null, which nothing follows but the time of the last use where there is one.</summary>
    Value = 1,

    /// <summary>A list per key and namespace.</summary>
    List = 2,

    /// <summary>A map per key and namespace.</summary>
    Map = 3,

    /// <summary>Timers.</summary>
    Timer = 4,

    /// <summary>One value per key group, of an operator's own; backends do not keep it.</summary>
    GroupValue = 5,
}
