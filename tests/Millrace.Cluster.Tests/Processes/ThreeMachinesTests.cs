using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>The page "Run it on three machines", followed command by command: each machine is a network namespace with an address of its own.</summary>
[Collection(nameof(Processes))]
public sealed partial class ThreeMachinesTests : IDisposable
{
    private const int Visits = 40_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-three-machines-").FullName;
    private readonly List<Machine> _started = [];

    public void Dispose()
    {
        _started.ForEach(static machine => machine.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_the_page_says_works()
    {
        using var network = NetworkLab.TryCreate(3, seed: 1, out string why);
        Assert.SkipWhen(network is null, why);
        await using var postgres = await HaltableServer.StartAsync("Postgres", network);
        string root = RepositoryFolder.Find();
        List<string> commands = [.. Block().Matches(await File.ReadAllTextAsync(Path.Combine(root, "docs/guides/three-machines.md"), TestContext.Current.CancellationToken)).Select(match => match.Groups[1].Value)];
        Assert.Equal(5, commands.Count);
        var (publish, first, second, look, kill) = (commands[0], commands[1], commands[2], commands[3], commands[4]);
        Assert.Equal(first, second.Replace("10.0.0.2", "10.0.0.1", StringComparison.Ordinal));

        using (var publishing = Run(publish, 0))
        {
            Assert.Equal(0, await publishing.EndAsync());
        }

        var one = Start(first, 1);
        await one.SeeAsync("Parallelism 4 needs 4 slots but 2 are available");
        var two = Start(second, 2);
        await UntilCountsAsync(behind: 0);
        Start(second.Replace("10.0.0.2", "10.0.0.3", StringComparison.Ordinal), 3);
        await two.SeeAsync("3 are there.");

        // A machine sees its own processes only; a namespace of the network sees all.
        Assert.Equal("pkill -9 -f Visits.dll", kill.Trim());
        one.Kill();
        await UntilAsync(() => Task.FromResult(_started[1..].Any(machine => machine.Log.Contains("this worker coordinates it, term 2", StringComparison.Ordinal))));
        int before = await CountsAsync();
        await UntilCountsAsync(before);
        Start(first, 1);

        // To its end, so that all of it can be compared.
        foreach (var machine in _started[1..])
        {
            Assert.Equal(0, await machine.EndAsync());
        }

        Assert.Equal(Expected(), (await LinesAsync()).Select(line => JsonSerializer.Deserialize<Counted>(line, JsonSerializerOptions.Web)!).OrderBy(count => count.Second).ThenBy(count => count.Page, StringComparer.Ordinal));

        async Task<string[]> LinesAsync()
        {
            using var looking = Run(look, 1);
            await looking.EndAsync();
            return [.. looking.Log.Split('\n').Where(static line => line.StartsWith('{'))];
        }

        async Task<int> CountsAsync() => (await LinesAsync()).Length;

        Task UntilCountsAsync(int behind) => UntilAsync(async () => await CountsAsync() > behind);

        Machine Start(string command, int host)
        {
            // The page's job has no end.
            var machine = Run($"export Visits__Count={Visits} Visits__Rate=2000 Millrace__Host__StopWhenFinished=true\n{command.Replace("\ndotnet ", "\nexec dotnet ", StringComparison.Ordinal)}", host);
            _started.Add(machine);
            return machine;
        }

        Machine Run(string command, int host)
        {
            for (int machine = 1; machine <= 3; machine++)
            {
                command = command.Replace($"10.0.0.{machine}", network!.AddressOf(machine), StringComparison.Ordinal);
            }

            command = ConnectionString().Replace(command, $"\"{postgres.ConnectionString}\"").Replace("/srv/millrace", _folder, StringComparison.Ordinal);
            return new Machine([.. network!.On(host), "bash", "-c", command], root);
        }
    }

    private static IEnumerable<Counted> Expected() => Enumerable.Range(0, Visits).Select(static id => (Page: $"/page/{(long)id * id % 20}", Second: id / 1_000 * 1_000L))
        .GroupBy(static visit => visit).Select(static visits => new Counted(visits.Key.Page, visits.Key.Second, visits.Count())).OrderBy(static count => count.Second).ThenBy(static count => count.Page, StringComparer.Ordinal);

    private Task UntilAsync(Func<Task<bool>> holds) => Eventually.HoldsAsync(holds, () => string.Join("\n---\n", _started.Select(static machine => machine.Log)));

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("\"Host=10\\.0\\.0\\.9;[^\"]*\"")]
    private static partial Regex ConnectionString();

    private sealed record Counted(string Page, long Second, long Visits);

    /// <summary>A command on a machine, and what it says.</summary>
    private sealed class Machine : IDisposable
    {
        private readonly Process _process;
        private readonly System.Text.StringBuilder _log = new();
        private readonly Task _reading;

        public Machine(IReadOnlyList<string> command, string folder)
        {
            _process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
        }

        public string Log
        {
            get
            {
                lock (_log)
                {
                    return _log.ToString();
                }
            }
        }

        public void Kill() => _process.Kill();

        public Task SeeAsync(string part) => Eventually.HoldsAsync(() => Log.Contains(part, StringComparison.Ordinal), () => $"'{part}' is missing in:\n{Log}");

        public async Task<int> EndAsync()
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            await _reading;
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }

            _process.Dispose();
        }

        private async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (_log)
                {
                    _log.Append(line).Append('\n');
                }
            }
        }
    }
}
