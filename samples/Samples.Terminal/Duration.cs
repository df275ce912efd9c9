using System.Globalization;

namespace Samples.Terminal;

/// <summary>Times as people write them: <c>3h</c>, <c>90m</c>, <c>45s</c>, <c>500ms</c>, <c>2d</c> or <c>00:30:00</c>.</summary>
public static class Duration
{
    /// <summary>Reads a time that is not negative, in whole milliseconds and at most a year.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The time.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        if (text.EndsWith("ms", StringComparison.Ordinal))
        {
            return int.TryParse(text.AsSpan(0, text.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds)
                && Accept(TimeSpan.FromMilliseconds(milliseconds).TotalDays, out value);
        }

        var unit = text.Length == 0 ? default : text[^1] switch
        {
            'd' => TimeSpan.FromDays(1),
            'h' => TimeSpan.FromHours(1),
            'm' => TimeSpan.FromMinutes(1),
            's' => TimeSpan.FromSeconds(1),
            _ => default,
        };
        if (unit != default)
        {
            if (!int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            {
                return false;
            }

            // As a product it may not fit; as a number of days it always does.
            return Accept(count * unit.TotalDays, out value);
        }

        // A bare number would be days to TimeSpan, which nobody means.
        return text.Contains(':', StringComparison.Ordinal)
            && TimeSpan.TryParseExact(text, ["c", @"h\:mm", @"h\:mm\:ss"], CultureInfo.InvariantCulture, out var exact)
            && Accept(exact.TotalDays, out value);
    }

    private static bool Accept(double days, out TimeSpan value)
    {
        bool fits = days is >= 0 and <= 365;
        value = fits ? TimeSpan.FromMilliseconds(Math.Round(days * 86_400_000)) : default;
        return fits;
    }
}
