namespace TaxiRides.Records;

/// <summary>A point on the map.</summary>
/// <param name="Longitude">Degrees; west is negative.</param>
/// <param name="Latitude">Degrees; south is negative.</param>
public readonly record struct Place(double Longitude, double Latitude);
