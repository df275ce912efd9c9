using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <summary>Which windows there are, when they fire, and what happens to late records.</summary>
/// <param name="Assigner">Gives the windows of a record.</param>
/// <param name="Merging">How windows merge; <see langword="null"/> where they do not.</param>
/// <param name="Trigger">When they fire.</param>
/// <param name="Late">What happens to late records.</param>
internal sealed record WindowSpec<TIn, TWindow>(
    WindowAssigner<TIn, TWindow> Assigner, IMergingWindows<TWindow>? Merging, Trigger<TIn, TWindow> Trigger, LatePolicy<TIn> Late)
    where TWindow : struct, IWindow<TWindow>;

/// <summary>An assigner that does not look at records, as one that could.</summary>
internal sealed class TimeOnlyAssigner<TIn, TWindow>(WindowAssigner<TWindow> assigner) : WindowAssigner<TIn, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    public WindowAssigner<TWindow> Inner => assigner;

    public override bool IsEventTime => assigner.IsEventTime;

    public override void AssignWindows(TIn value, long time, ICollection<TWindow> windows) => assigner.AssignWindows(time, windows);

    public override Trigger<TIn, TWindow> CreateDefaultTrigger() => assigner.CreateDefaultTrigger<TIn>();

    public override string ToString() => assigner.ToString()!;
}
