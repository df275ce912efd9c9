namespace Millrace.Windowing;

/// <summary>A window: a group of records of a key that are looked at together.</summary>
/// <remarks>Windows are kept in state: a type of windows is a small immutable struct that can be serialized and can be a key.</remarks>
/// <typeparam name="TSelf">The type itself.</typeparam>
public interface IWindow<TSelf> : IEquatable<TSelf>, IComparable<TSelf>
    where TSelf : struct, IWindow<TSelf>
{
    /// <summary>
    /// The last millisecond that belongs to the window, since 1970-01-01 UTC; <see cref="EventTime.MaxWatermark"/> where the window has no end and is never removed.
    /// </summary>
    long MaxTimestamp { get; }
}
