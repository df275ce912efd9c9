namespace Millrace.Nexmark.Generator;

/// <summary>
/// Prices from 100 to 100,000,000 of which as many have one number of digits as another: 10 to the power of an evenly distributed number. There are a million of them, each the product of two that are looked up:
/// a power for each bid would take longer than many a query.
/// </summary>
internal static class Prices
{
    private const int Bits = 10;
    private const int Steps = 1 << Bits;
    private const double Least = 100;
    private const double Decades = 6;

    /// <summary>How many prices there are.</summary>
    public const int Count = Steps * Steps;

    private static readonly double[] Coarse = [.. Enumerable.Range(0, Steps).Select(step => Least * Math.Pow(10, Decades * step / Steps))];
    private static readonly double[] Fine = [.. Enumerable.Range(0, Steps).Select(step => Math.Pow(10, Decades * step / Count))];

    /// <summary>A price.</summary>
    /// <param name="place">Which, of those in rising order.</param>
    public static long At(int place) => (long)((Coarse[place >> Bits] * Fine[place & (Steps - 1)]) + 0.5);
}
