using System.Globalization;

namespace Millrace.Testing.Simulation;

/// <summary>What happens in a simulation, a line for each event, with the moment in virtual time. Costs nothing where nobody reads it.</summary>
/// <param name="output">Takes the lines; <see langword="null"/> for nobody.</param>
internal sealed class SimulationLog(Action<string>? output = null)
{
    private DateTimeOffset _start;
    private VirtualTimeProvider? _time;

    /// <summary>Whether anybody reads it: who would have to compute a message looks first.</summary>
    public bool IsEnabled => output is not null;

    /// <summary>Counts the time from now on, by this clock.</summary>
    public void StartAt(VirtualTimeProvider time)
    {
        _time = time;
        _start = time.GetUtcNow();
    }

    /// <summary>Writes a line.</summary>
    /// <param name="who">The part of the world that it happened to.</param>
    /// <param name="what">What happened.</param>
    public void Write(string who, string what)
    {
        if (output is not null)
        {
            double milliseconds = _time is null ? 0 : (_time.GetUtcNow() - _start).TotalMilliseconds;
            output(string.Create(CultureInfo.InvariantCulture, $"{milliseconds,12:F3} ms  {who,-16} {what}"));
        }
    }
}
