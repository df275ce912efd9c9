namespace Millrace.Runtime.State.Timers;

/// <summary>A timer that is due.</summary>
/// <param name="Time">When, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Key">For which key.</param>
/// <param name="Hash">The key's stable hash.</param>
/// <param name="Namespace">In which namespace, for example for which window.</param>
internal readonly record struct Timer<TKey, TNamespace>(long Time, TKey Key, ulong Hash, TNamespace Namespace);

/// <summary>What tells the timers of a key apart.</summary>
internal readonly record struct TimerId<TNamespace>(TNamespace Namespace, long Time);
