using System.Diagnostics;
using System.Diagnostics.Tracing;

namespace Millrace.Nexmark.Running;

/// <summary>The pauses of the garbage collector, from when threads are being stopped to when they run again.</summary>
internal sealed class GcPauses : EventListener
{
    private const int GcKeyword = 1;

    private long _stopped;
    private long _longest;
    private long _since;

    public double LongestMilliseconds => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _longest)).TotalMilliseconds;

    /// <summary>Forgets the pauses until now, also those whose events are still to come.</summary>
    public void Reset()
    {
        Volatile.Write(ref _since, TimeProvider.System.GetUtcNow().UtcTicks);
        Interlocked.Exchange(ref _longest, 0);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
        {
            EnableEvents(eventSource, EventLevel.Informational, (EventKeywords)GcKeyword);
        }
    }

    // An event comes a while after it has happened, with the time at which it did.
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("GCSuspendEEBegin", StringComparison.Ordinal) == true)
        {
            _stopped = eventData.TimeStamp.Ticks;
        }
        else if (eventData.EventName?.StartsWith("GCRestartEEEnd", StringComparison.Ordinal) == true && _stopped != 0)
        {
            if (_stopped >= Volatile.Read(ref _since))
            {
                long length = (eventData.TimeStamp.Ticks - _stopped) * Stopwatch.Frequency / TimeSpan.TicksPerSecond;
                Interlocked.Exchange(ref _longest, Math.Max(Interlocked.Read(ref _longest), length));
            }

            _stopped = 0;
        }
    }
}
