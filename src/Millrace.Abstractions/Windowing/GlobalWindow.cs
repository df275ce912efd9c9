namespace Millrace.Windowing;

/// <summary>The one window that all records of a key belong to. It has no end; it is over when the input is.</summary>
public readonly record struct GlobalWindow : IWindow<GlobalWindow>
{
    /// <inheritdoc/>
    public long MaxTimestamp => EventTime.MaxWatermark;

    /// <summary>All global windows are one.</summary>
    /// <param name="other">Another one.</param>
    /// <returns>0.</returns>
    public int CompareTo(GlobalWindow other) => 0;

    /// <inheritdoc/>
    public override string ToString() => "global";
}
