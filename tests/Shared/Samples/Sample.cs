using System.Diagnostics;
using System.Globalization;

namespace Samples.Testing;

/// <summary>How a run of the program ended.</summary>
internal sealed record Ended(int ExitCode, string Output, string Error);

/// <summary>The program whose tests these are, as a process of its own.</summary>
internal sealed class Sample : IDisposable
{
    private const int SignalInterrupt = 2;
    private readonly Process _process;

    private Sample(Process process)
    {
        _process = process;
    }

    public StreamReader Output => _process.StandardOutput;

    public static Sample Start(string workingDirectory, params string[] arguments)
    {
        var start = new ProcessStartInfo { WorkingDirectory = workingDirectory, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        string name = typeof(Sample).Assembly.GetName().Name!;
        string program = Path.Combine(AppContext.BaseDirectory, name[..^".Tests".Length] + ".dll");
        string[] command = IsInterruptIgnored ? ["env", "--default-signal=INT", "dotnet", program] : ["dotnet", program];
        start.FileName = command[0];
        foreach (string argument in command[1..].Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        return new Sample(Process.Start(start)!);
    }

    public static async Task<Ended> RunAsync(string workingDirectory, params string[] arguments)
    {
        using var sample = Start(workingDirectory, arguments);
        return await sample.EndAsync();
    }

    public async Task<Ended> EndAsync()
    {
        var error = _process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Ended(_process.ExitCode, output, await error);
    }

    /// <summary>Reads what it says up to a line that holds a text.</summary>
    /// <returns>The line; <see langword="null"/> when it ended without.</returns>
    public async Task<string?> ReadUntilAsync(string text)
    {
        while (await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        return null;
    }

    /// <summary>SIGKILL.</summary>
    /// <returns>Whether it was still running.</returns>
    public async Task<bool> KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode != 0;
    }

    /// <summary>Ctrl+C.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    // A shell without job control starts what runs in the background with Ctrl+C ignored, and children inherit that.
    private static bool IsInterruptIgnored => File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (ulong.Parse(line.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1UL << (SignalInterrupt - 1))) != 0;
}
