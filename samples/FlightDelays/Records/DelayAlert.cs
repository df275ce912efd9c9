namespace FlightDelays.Records;

/// <summary>An airport whose last ten departures were all delayed.</summary>
/// <param name="Airport">The IATA code.</param>
/// <param name="Time">When the tenth departed, in UTC.</param>
/// <param name="Since">When the first departed, in UTC.</param>
public sealed record DelayAlert(string Airport, DateTime Time, DateTime Since);
