using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Samples.Terminal;

/// <summary>Options of a command line that are read, and refused, in the same words by every sample.</summary>
public static class SampleOption
{
    /// <summary>A whole number.</summary>
    /// <param name="name">The option's name, with its dashes.</param>
    /// <param name="description">What <c>--help</c> says.</param>
    /// <param name="least">The least that is accepted.</param>
    /// <param name="most">The most that is accepted.</param>
    /// <param name="aliases">Other names.</param>
    /// <returns>The option; its value is <see langword="null"/> where it is not given.</returns>
    public static Option<int?> Number(string name, string description, int least, int most, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = "number",
        CustomParser = Parse<int>(
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? value : null,
            string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}")),
    };

    /// <summary>A number above zero that need not be whole.</summary>
    /// <param name="name">The option's name, with its dashes.</param>
    /// <param name="description">What <c>--help</c> says.</param>
    /// <returns>The option; its value is <see langword="null"/> where it is not given.</returns>
    public static Option<double?> Rate(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "number",
        CustomParser = Parse<double>(
            text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value) ? value : null,
            "a number above zero"),
    };

    /// <summary>A time that is not negative, as <see cref="Duration"/> reads it.</summary>
    /// <param name="name">The option's name, with its dashes.</param>
    /// <param name="description">What <c>--help</c> says.</param>
    /// <param name="examples">What an error names as examples.</param>
    /// <param name="aboveZero">Whether zero is refused.</param>
    /// <returns>The option; its value is <see langword="null"/> where it is not given.</returns>
    public static Option<TimeSpan?> Time(string name, string description, string examples = "5m, 90s or 00:05:00", bool aboveZero = false) => new(name)
    {
        Description = description,
        HelpName = "time",
        CustomParser = Parse<TimeSpan>(
            text => Duration.TryParse(text, out var value) && (value > TimeSpan.Zero || !aboveZero) ? value : null,
            aboveZero ? $"a time above zero such as {examples}" : $"a time such as {examples}"),
    };

    /// <summary>A folder or another path, which is not an empty text.</summary>
    /// <param name="name">The option's name, with its dashes.</param>
    /// <param name="description">What <c>--help</c> says.</param>
    /// <param name="aliases">Other names.</param>
    /// <returns>The option; its value is <see langword="null"/> where it is not given.</returns>
    public static Option<string> Folder(string name, string description, params string[] aliases)
    {
        var option = new Option<string>(name, aliases) { Description = description, HelpName = "folder" };
        option.Validators.Add(result =>
        {
            if (string.IsNullOrWhiteSpace(result.Tokens.SingleOrDefault()?.Value))
            {
                result.AddError($"{name} is empty; expected a path.");
            }
        });
        return option;
    }

    private static Func<ArgumentResult, T?> Parse<T>(Func<string, T?> parse, string expected)
        where T : struct => result =>
        {
            string text = result.Tokens.Single().Value;
            var value = parse(text);
            if (value is null)
            {
                result.AddError($"{((OptionResult)result.Parent!).Option.Name} is '{text}'; expected {expected}.");
            }

            return value;
        };
}
