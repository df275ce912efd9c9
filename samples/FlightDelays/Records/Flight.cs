using System.Globalization;
using System.Text.Json.Serialization;

namespace FlightDelays.Records;

/// <summary>A flight as it stands in the input. A row that makes no valid flight is refused here, so the rest of the job need not ask.</summary>
/// <param name="Date">When it was to depart, as <c>yyyy/MM/dd HH:mm</c>, taken as UTC.</param>
/// <param name="Delay">Minutes late; negative when it was early.</param>
/// <param name="Distance">Miles.</param>
/// <param name="Origin">The IATA code of the airport it departed from.</param>
/// <param name="Destination">The IATA code of the airport it went to.</param>
public sealed record Flight(
    [property: JsonRequired] string Date,
    [property: JsonRequired] int Delay,
    [property: JsonRequired] int Distance,
    [property: JsonRequired] string Origin,
    [property: JsonRequired] string Destination)
{
    /// <summary>How <see cref="Date"/> is written.</summary>
    public const string DateFormat = "yyyy/MM/dd HH:mm";

    /// <summary>A flight counts as delayed when it is more than this many minutes late, as the US Department of Transportation counts.</summary>
    public const int DelayedAfterMinutes = 15;

    // Worked out by the constructor, so that a row without a valid date is refused where it is read, with its line. Not part of what the engine
    // writes to state: the constructor works it out again.
    [NonSerialized]
    private readonly DateTimeOffset _departure = DepartureOf(Date, Delay, Origin, Destination);

    /// <summary>When it really departed: the event time of this job.</summary>
    [JsonIgnore]
    public DateTimeOffset Departure => _departure;

    /// <summary>Whether it counts as delayed.</summary>
    [JsonIgnore]
    public bool IsDelayed => Delay > DelayedAfterMinutes;

    private static DateTimeOffset DepartureOf(string date, int delay, string origin, string destination)
    {
        if (origin is null || destination is null)
        {
            throw new FormatException("a flight needs an origin and a destination");
        }

        return DateTimeOffset.TryParseExact(date, DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var scheduled)
            ? scheduled.AddMinutes(delay)
            : throw new FormatException($"the date is '{date}', expected {DateFormat}");
    }
}
