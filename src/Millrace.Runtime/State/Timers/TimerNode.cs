namespace Millrace.Runtime.State.Timers;

/// <summary>A timer in the order of a <see cref="TimerQueue{TKey, TNamespace}"/>.</summary>
internal struct TimerNode<TKey, TNamespace>
{
    /// <summary>When it is due: what it was registered for, or later.</summary>
    public long Time;

    /// <summary>What it was registered for. The table knows it by that.</summary>
    public long Registered;

    public long Order;
    public ulong Hash;
    public TKey Key;
    public TNamespace Namespace;

    public readonly bool IsBefore(in TimerNode<TKey, TNamespace> other) => Time < other.Time || (Time == other.Time && Order < other.Order);
}
