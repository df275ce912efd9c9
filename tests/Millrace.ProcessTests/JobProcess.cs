using System.Diagnostics;

namespace Millrace.ProcessTests;

/// <summary>The program as a process of its own.</summary>
internal sealed class JobProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly List<string> _lines = [];

    public JobProcess(ProcessJobOptions options)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Millrace.ProcessTests.Job.dll"));
        foreach (string argument in options.ToArguments())
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync(Cancel);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What it has said.</summary>
    public IReadOnlyList<string> Lines => _lines;

    public bool GoesOn => _lines.Any(line => line.Contains("goes on from checkpoint", StringComparison.Ordinal));

    /// <summary>Reads what it says up to a line with a text, or to its end.</summary>
    public async Task ReadUntilAsync(string? text)
    {
        while (await _process.StandardOutput.ReadLineAsync(Cancel) is { } line)
        {
            _lines.Add(line);
            if (text is not null && line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    public void Kill() => _process.Kill();

    /// <summary>Waits for its end.</summary>
    /// <returns>Whether it was killed. When it neither was nor has finished, the test fails with what it said.</returns>
    public async Task<bool> EndAsync()
    {
        await ReadUntilAsync(null);
        await _process.WaitForExitAsync(Cancel);
        string errors = await _errors;
        Assert.True(
            _process.ExitCode is 0 or 137 && errors.Length == 0, $"Exit code {_process.ExitCode}: {errors}\n{string.Join('\n', _lines.TakeLast(30))}");
        return _process.ExitCode != 0;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
