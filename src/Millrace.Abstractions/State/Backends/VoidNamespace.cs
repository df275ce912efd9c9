namespace Millrace.State.Backends;

/// <summary>The namespace of state that has none: plain keyed state, one entry per key.</summary>
public readonly record struct VoidNamespace
{
    /// <inheritdoc/>
    public override string ToString() => "none";
}
