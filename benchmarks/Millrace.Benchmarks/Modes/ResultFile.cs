using System.Text.Json;
using System.Text.Json.Serialization;

namespace Millrace.Benchmarks.Modes;

/// <summary>Results for other programs.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static async Task WriteAsync(string path, IReadOnlyList<Line> lines)
    {
        await using var file = File.Create(path);
        await JsonSerializer.SerializeAsync(file, new { Machine = Machine.Describe(), Lines = lines }, Format).ConfigureAwait(false);
    }
}
