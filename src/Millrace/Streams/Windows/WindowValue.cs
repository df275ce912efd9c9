using Millrace.Windowing;

namespace Millrace;

/// <summary>What the records of a key and window come to.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the window.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
/// <param name="Key">The key; <see cref="AllRecords.Key"/> where the records are not divided by key.</param>
/// <param name="Window">The window.</param>
/// <param name="Value">The value.</param>
public readonly record struct WindowValue<TKey, TWindow, TValue>(TKey Key, TWindow Window, TValue Value)
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>;
