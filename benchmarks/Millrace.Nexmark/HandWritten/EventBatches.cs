using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.HandWritten;

/// <summary>
/// Makes events into an array, again and again the same, as the engine's source makes them into a batch. So the loops look at the same events in memory, and what making them costs can be taken off: otherwise the compiler
/// leaves out what of an event a loop does not use.
/// </summary>
/// <param name="generator">Makes the events.</param>
internal sealed class EventBatches(NexmarkGenerator generator)
{
    private readonly NexmarkEvent[] _events = new NexmarkEvent[1024];
    private long _place;

    /// <summary>The next events; empty when there are no more. The ones before are overwritten.</summary>
    public ReadOnlySpan<NexmarkEvent> Next()
    {
        var events = _events.AsSpan(0, (int)Math.Min(_events.Length, generator.Options.Events - _place));
        for (int i = 0; i < events.Length; i++)
        {
            events[i] = generator.Make(_place + i);
        }

        _place += events.Length;
        return events;
    }
}
