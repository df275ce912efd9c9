using System.ComponentModel;
using System.Diagnostics;

namespace Millrace.Deploy.Tests;

/// <summary>A program of this machine, run to its end.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote.</param>
/// <param name="Error">What it wrote as errors.</param>
internal sealed record Command(int ExitCode, string Output, string Error)
{
    /// <returns>Null where there is no such program.</returns>
    public static async Task<Command?> TryRunAsync(string program, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? Repository.Root };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return null;
        }

        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return new Command(process.ExitCode, await output, await error);
        }
    }

    /// <summary>Runs it; the test fails where it fails.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var result = await TryRunAsync(program, arguments);
        Assert.True(result is { ExitCode: 0 }, $"{program} {string.Join(' ', arguments)}: {result?.ExitCode}\n{result?.Output}\n{result?.Error}");
        return result!.Output;
    }
}
