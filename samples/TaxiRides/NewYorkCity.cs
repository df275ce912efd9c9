using TaxiRides.Records;

namespace TaxiRides;

/// <summary>Where the city is, as far as a rectangle can tell.</summary>
public static class NewYorkCity
{
    /// <summary>Degrees; the city is east of it.</summary>
    public const double West = -74.05;

    /// <summary>Degrees; the city is west of it.</summary>
    public const double East = -73.7;

    /// <summary>Degrees; the city is north of it.</summary>
    public const double South = 40.5;

    /// <summary>Degrees; the city is south of it.</summary>
    public const double North = 41.0;

    /// <summary>Whether a place lies in the city.</summary>
    /// <param name="place">The place.</param>
    /// <returns>Whether it does.</returns>
    public static bool Contains(Place place) => place.Longitude is >= West and <= East && place.Latitude is >= South and <= North;
}
