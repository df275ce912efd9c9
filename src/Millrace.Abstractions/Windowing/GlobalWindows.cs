namespace Millrace.Windowing;

/// <summary>All records of a key in one window that has no end. It is the trigger that makes something of it.</summary>
public sealed class GlobalWindows : WindowAssigner<GlobalWindow>
{
    private readonly bool _firesAtEnd;

    private GlobalWindows(bool firesAtEnd)
    {
        _firesAtEnd = firesAtEnd;
    }

    /// <inheritdoc/>
    public override bool IsEventTime => false;

    /// <summary>Global windows that never fire by themselves: give them a trigger.</summary>
    /// <returns>The assigner.</returns>
    public static GlobalWindows Create() => new(firesAtEnd: false);

    /// <summary>Global windows that fire once, when the input has ended.</summary>
    /// <returns>The assigner.</returns>
    public static GlobalWindows AtEndOfInput() => new(firesAtEnd: true);

    /// <inheritdoc/>
    public override void AssignWindows(long timestamp, ICollection<GlobalWindow> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        windows.Add(default);
    }

    /// <inheritdoc/>
    public override Trigger<T, GlobalWindow> CreateDefaultTrigger<T>() =>
        _firesAtEnd ? default(Triggers<T, GlobalWindow>).EventTime() : default(Triggers<T, GlobalWindow>).Never();

    /// <inheritdoc/>
    public override string ToString() => "Global";
}
