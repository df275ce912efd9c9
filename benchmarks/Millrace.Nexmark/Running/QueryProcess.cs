using System.Diagnostics;
using System.Text.Json;

namespace Millrace.Nexmark.Running;

/// <summary>
/// Measures a query in a process of its own: what the compiler has learned of other queries makes code slower that they share, their memory is counted as this one's, and what they left is in the collector's way.
/// </summary>
/// <param name="args">What this program was called with.</param>
internal sealed class QueryProcess(IReadOnlyList<string> args)
{
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(2);

    /// <summary>How figures are written.</summary>
    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Runs this program once more, with one query.</summary>
    /// <exception cref="InvalidOperationException">It failed; it has said why.</exception>
    public async Task<Figures> MeasureAsync(string query, CancellationToken cancellationToken)
    {
        string path = Path.Combine(Path.GetTempPath(), $"millrace-nexmark-{Guid.NewGuid():N}.json");
        try
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
            if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            {
                start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
            }

            foreach (string argument in ArgumentsFor(args, query, path))
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            try
            {
                // The table is that of all queries.
                await process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Ctrl+C reaches it too, and it cleans up.
                try
                {
                    await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeToEnd, TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    process.Kill();
                }

                throw;
            }

            return process.ExitCode == 0
                ? JsonSerializer.Deserialize<List<Figures>>(await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false), Json)!.Single()
                : throw new InvalidOperationException($"{query}: its process has ended with exit code {process.ExitCode}.");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The arguments for one query.</summary>
    /// <param name="args">Those for several.</param>
    /// <param name="query">The query.</param>
    /// <param name="json">Where its figures go.</param>
    public static IReadOnlyList<string> ArgumentsFor(IReadOnlyList<string> args, string query, string json)
    {
        var kept = new List<string>();
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] is "--query" or "--json")
            {
                // Its value is the next.
                i++;
            }
            else if (!args[i].StartsWith("--query=", StringComparison.Ordinal) && !args[i].StartsWith("--query:", StringComparison.Ordinal)
                && !args[i].StartsWith("--json=", StringComparison.Ordinal) && !args[i].StartsWith("--json:", StringComparison.Ordinal))
            {
                kept.Add(args[i]);
            }
        }

        return [.. kept, "--query", query, "--json", json];
    }
}
