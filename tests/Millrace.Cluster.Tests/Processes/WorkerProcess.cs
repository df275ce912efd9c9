using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>A worker as a process of its own, with what it has said and when.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigCont = 18;
    public const int SigStop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<(TimeSpan At, string Text)> _lines = [];
    private readonly List<string> _log = [];
    private readonly List<(Func<bool> Check, TaskCompletionSource Seen)> _waiters = [];
    private readonly Stopwatch _clock;
    private readonly Task _reading;

    /// <param name="name">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="clock">What its lines are timed by.</param>
    /// <param name="prefix">What stands in front of the command; it must become the worker, not start it, so that signals reach it.</param>
    public WorkerProcess(string name, IEnumerable<string> arguments, Stopwatch clock, IReadOnlyList<string> prefix)
    {
        Name = name;
        _clock = clock;
        string[] command = [.. prefix, "dotnet", Path.Combine(AppContext.BaseDirectory, "Millrace.ClusterTests.Worker.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput, line => _lines.Add((_clock.Elapsed, line))), ReadAsync(_process.StandardError, _log.Add));
    }

    public string Name { get; }

    /// <summary>How many lines it has said: what is waited for comes behind them.</summary>
    public int Said
    {
        get
        {
            lock (_lock)
            {
                return _lines.Count;
            }
        }
    }

    /// <summary>What it has said.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines.Select(line => line.Text)];
            }
        }
    }

    /// <summary>The workers that it sees; empty before it has started. By its version, since the first one is said by another thread than those that come later.</summary>
    public string View => Lines.Where(line => line.StartsWith("view ", StringComparison.Ordinal)).Select(line => line.Split(' ')).MaxBy(words => long.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture))?[2] ?? "";

    public bool HasEnded => _process.HasExited;

    /// <summary>Its log.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_lock)
            {
                return [.. _log];
            }
        }
    }

    public void Tell(string command) => _process.StandardInput.WriteLine(command);

    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    /// <summary>Waits for a line.</summary>
    /// <param name="beginning">How it begins.</param>
    /// <param name="behind">How many lines are left out, from the first on.</param>
    /// <param name="ending">How it ends.</param>
    /// <returns>The line, and when it was said.</returns>
    public async Task<(TimeSpan At, string Text)> SeeAsync(string beginning, int behind = 0, string ending = "")
    {
        (TimeSpan, string) found = default;
        await WaitAsync(
            () =>
            {
                int index = _lines.FindIndex(Math.Min(behind, _lines.Count), line => line.Text.StartsWith(beginning, StringComparison.Ordinal) && line.Text.EndsWith(ending, StringComparison.Ordinal));
                found = index < 0 ? default : _lines[index];
                return index >= 0;
            },
            $"a line '{beginning}...{ending}'");
        return found;
    }

    /// <summary>Waits for a part of a line of its log.</summary>
    public Task SeeLogAsync(string part) => WaitAsync(() => _log.Exists(line => line.Contains(part, StringComparison.Ordinal)), $"'{part}' in the log");

    /// <summary>The last number that stands behind certain words in its log; -1 where there is none.</summary>
    public long LastNumberInLog(string words)
    {
        lock (_lock)
        {
            string? line = _log.FindLast(line => line.Contains(words, StringComparison.Ordinal));
            return line is null ? -1 : long.Parse(new string([.. line.AsSpan(line.IndexOf(words, StringComparison.Ordinal) + words.Length).ToString().TakeWhile(char.IsAsciiDigit)]), System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Waits until it sees certain workers and no others.</summary>
    public async Task<TimeSpan> SeeWorkersAsync(int behind, params WorkerProcess[] workers)
    {
        string names = string.Join(',', workers.Select(worker => worker.Name).Order(StringComparer.Ordinal));
        return (await SeeAsync("view ", behind, $" {names}")).At;
    }

    /// <summary>Gives a command and waits for the answer.</summary>
    public async Task<string> AskAsync(string command)
    {
        int behind = Said;
        Tell(command);
        string beginning = $"reply {command.Split(' ')[0]} ";
        return (await SeeAsync(beginning, behind)).Text[beginning.Length..];
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code and when it was seen.</returns>
    public async Task<(int ExitCode, TimeSpan At)> EndAsync()
    {
        try
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{Name} has not ended within {Patience}.\n{Describe()}");
        }

        var at = _clock.Elapsed;
        await _reading;
        return (_process.ExitCode, at);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    /// <summary>What it has said, for the message of a test that fails.</summary>
    public string Describe()
    {
        lock (_lock)
        {
            return $"--- {Name} said\n{string.Join('\n', _lines.Select(line => $"{line.At.TotalSeconds:0.000} {line.Text}"))}\n--- and logged\n{string.Join('\n', _log.TakeLast(100))}\n";
        }
    }

    private async Task WaitAsync(Func<bool> check, string what)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (check())
            {
                return;
            }

            _waiters.Add((check, seen));
        }

        try
        {
            await seen.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{Name} should have said {what} within {Patience}, from {_clock.Elapsed.TotalSeconds - Patience.TotalSeconds:0.000} on.\n{Describe()}");
        }
    }

    private async Task ReadAsync(StreamReader reader, Action<string> add)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_lock)
            {
                add(line);
                _waiters.RemoveAll(waiter => waiter.Check() && waiter.Seen.TrySetResult());
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
