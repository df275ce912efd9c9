using System.Globalization;
using Millrace.Runtime.Clustering;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Numbers in the sentences that decisions are explained with: the same in every culture.</summary>
internal static class Text
{
    // A message is read by people: of a hundred workers the first few tell enough.
    private const int MaxWorkers = 10;

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Count(int number, string noun) => number == 1 ? $"1 {noun}" : $"{Number(number)} {noun}s";

    /// <summary>Records in a second, with as many digits as help.</summary>
    public static string Rate(double rate) => double.IsPositiveInfinity(rate) ? "unlimited"
        : string.Create(CultureInfo.InvariantCulture, $"{(Math.Abs(rate) < 10 ? Math.Round(rate, 2) : Math.Round(rate)):#,0.##}/s");

    public static string Factor(double factor) => factor.ToString("0.00", CultureInfo.InvariantCulture);

    public static string Percent(double part) => double.IsFinite(part) ? (part * 100).ToString("0", CultureInfo.InvariantCulture) + " %" : "unknown";

    public static string Duration(double milliseconds)
    {
        var time = TimeSpan.FromMilliseconds(Math.Min(milliseconds, TimeSpan.MaxValue.TotalMilliseconds / 2));
        return time.TotalSeconds < 120 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s")
            : time.TotalMinutes < 120 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.#} min")
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} h");
    }

    /// <summary>Who offers slots.</summary>
    public static string Offers(IReadOnlyList<WorkerInfo> workers) => workers.Count == 0 ? "there is no worker"
        : string.Join(", ", workers.Take(MaxWorkers).Select(worker => $"{worker}: {Number(worker.Slots)}"))
            + (workers.Count > MaxWorkers ? $", and {Count(workers.Count - MaxWorkers, "more worker")}" : "");
}
