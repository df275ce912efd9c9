namespace Millrace.StateProcessing;

/// <summary>What the engine calls its own states. The names are part of the format of savepoints.</summary>
internal static class StateNames
{
    public const string EventTimers = "event-time timers";
    public const string ProcessingTimers = "processing-time timers";
    public const string WindowSlices = "window-slices";
    public const string WindowContents = "window-contents";
    public const string WindowMerging = "window-merging";
    public const string Reduce = "reduce";
    public const string Splits = ".splits";
    public const string Committables = ".committables";

    /// <summary>Not stored under a name: there is one at most.</summary>
    public const string Enumerator = "enumerator";

    public static string TimersOf(TimeDomain domain) => domain == TimeDomain.EventTime ? EventTimers : ProcessingTimers;
}
