using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Millrace.Configuration;

/// <summary>A value of the configuration, which is text, and what is to become of it.</summary>
/// <param name="section">The key and its value.</param>
internal readonly struct ConfigurationValue(IConfigurationSection section)
{
    private static readonly (string Suffix, double Milliseconds)[] Units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    private static readonly (string Suffix, long Bytes)[] Sizes = [("KB", 1L << 10), ("MB", 1L << 20), ("GB", 1L << 30), ("TB", 1L << 40)];

    public string Text() => section.Value is { Length: > 0 } text ? text.Trim() : throw Refuse("some text");

    public bool Boolean() => bool.TryParse(section.Value, out bool value) ? value : throw Refuse("true or false");

    public int Integer() => int.TryParse(section.Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int value)
        ? value
        : throw Refuse("a whole number");

    public double Number() => double.TryParse(section.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : throw Refuse("a number");

    /// <summary>A size: a number of bytes, or a number with a unit. Units are powers of 1,024, as memory is counted.</summary>
    public long Bytes()
    {
        const string Expected = "a size such as 268435456, 256MB or 2GB";
        string text = section.Value?.Trim() ?? "";
        var (suffix, unit) = Sizes.FirstOrDefault(size => text.EndsWith(size.Suffix, StringComparison.OrdinalIgnoreCase), ("", 1));

        // Bytes are whole; half a gigabyte is a size all the same.
        var style = (unit == 1 ? NumberStyles.None : NumberStyles.AllowDecimalPoint) | NumberStyles.AllowTrailingWhite;
        return decimal.TryParse(text.AsSpan(0, text.Length - suffix.Length), style, CultureInfo.InvariantCulture, out decimal number) && number <= long.MaxValue / unit
            ? (long)(number * unit)
            : throw Refuse(Expected);
    }

    /// <summary>A time: a number with a unit, or hours, minutes and seconds. A number alone is refused, since nobody could tell whether it means seconds or days.</summary>
    public TimeSpan Time()
    {
        const string Expected = "a time such as 500ms, 10s, 1m, 2h, 1d or 00:00:10";
        string text = section.Value?.Trim() ?? "";
        foreach (var (suffix, milliseconds) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double number))
            {
                return number * milliseconds <= TimeSpan.MaxValue.TotalMilliseconds / 2 ? TimeSpan.FromMilliseconds(number * milliseconds) : throw Refuse(Expected);
            }
        }

        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) ? span : throw Refuse(Expected);
    }

    /// <summary>A time, or <c>none</c>.</summary>
    public TimeSpan? TimeOrNone() => string.Equals(section.Value, "none", StringComparison.OrdinalIgnoreCase) ? null : Time();

    public int? IntegerOrNone() => string.Equals(section.Value, "none", StringComparison.OrdinalIgnoreCase) ? null : Integer();

    public TEnum OneOf<TEnum>()
        where TEnum : struct, Enum
    {
        foreach (string name in Enum.GetNames<TEnum>())
        {
            if (string.Equals(name, section.Value, StringComparison.OrdinalIgnoreCase))
            {
                return Enum.Parse<TEnum>(name);
            }
        }

        throw Refuse($"one of {string.Join(", ", Enum.GetNames<TEnum>())}");
    }

    public GraphException Refuse(string expected) => ConfigurationErrors.WrongValue(section.Path, section.Value, expected);
}
