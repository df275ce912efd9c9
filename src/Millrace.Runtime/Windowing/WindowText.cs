using System.Globalization;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing;

/// <summary>Windows in messages and dead letters.</summary>
internal static class WindowText
{
    public static string Of<TWindow>(TWindow window) => window is TimeWindow time
        ? string.Create(CultureInfo.InvariantCulture, $"window [{time.Start}, {time.End})")
        : $"window {window}";
}
