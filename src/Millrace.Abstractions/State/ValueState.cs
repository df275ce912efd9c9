using System.Diagnostics.CodeAnalysis;

namespace Millrace.State;

/// <summary>One value per key. The handle always speaks of the key that is being processed.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <remarks>
/// The value is kept inline and reached by reference. A reference is good until the next call on any state of the operator or the end of
/// the function call, whichever comes first: use it and let it go. Values of a reference type may be changed in place only through
/// the reference that <see cref="GetOrAdd"/> gives.
/// </remarks>
public abstract class ValueState<T>
{
    /// <summary>Whether the current key has a value.</summary>
    public abstract bool Exists { get; }

    /// <summary>The value of the current key; reads as <see langword="default"/> where there is none.</summary>
    [MaybeNull]
    public abstract T Value { get; set; }

    /// <summary>A reference to the current key's value, which is created as <see langword="default"/> where there is none.</summary>
    /// <returns>The place of the value: read it, change it, assign to it.</returns>
    public abstract ref T GetOrAdd();

    /// <summary>Reads the value of the current key.</summary>
    /// <param name="value">The value, or <see langword="default"/>.</param>
    /// <returns>Whether there is one.</returns>
    public abstract bool TryGet([MaybeNullWhen(false)] out T value);

    /// <summary>Removes the value of the current key. Does nothing when there is none.</summary>
    public abstract void Clear();
}
