using System.Diagnostics;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>A PostgreSQL or Redis of one test, which can be away for a while and comes back where it was.</summary>
internal sealed class HaltableServer : IAsyncDisposable
{
    private static int _servers;

    private readonly string _script;
    private readonly Dictionary<string, string?> _environment;

    private HaltableServer(string script, Dictionary<string, string?> environment)
    {
        _script = script;
        _environment = environment;
    }

    public string ConnectionString { get; private set; } = "";

    /// <summary>Starts a server. Skips the test where there is none.</summary>
    /// <param name="kind">As in the settings of membership.</param>
    /// <param name="network">The network in which it listens; <see langword="null"/> for this machine alone.</param>
    public static async Task<HaltableServer> StartAsync(string kind, NetworkLab? network = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The scripts of eng/servers cannot run here.");
        string root = RepositoryFolder.Find();
        string name = kind.ToUpperInvariant();

        // Not within a folder of the test, which the user that PostgreSQL runs as may not enter.
        string folder = Path.Combine(Path.GetTempPath(), $"millrace-haltable-{Environment.ProcessId}-{Interlocked.Increment(ref _servers)}");
        var server = new HaltableServer(Path.Combine(root, "eng/servers", $"{kind.ToLowerInvariant()}.sh"), new() { [$"MILLRACE_{name}_DIR"] = folder });
        if (network is not null)
        {
            server._environment[$"MILLRACE_{name}_ADDRESS"] = network.AddressOf(0);
            server._environment[$"MILLRACE_{name}_TRUSTED"] = network.Addresses;
        }

        string? problem = await server.RunAsync("start");
        Assert.SkipWhen(problem is not null, $"No {kind}: {problem}");
        return server;
    }

    /// <summary>As if its machine had failed.</summary>
    public async Task HaltAsync() => Assert.Null(await RunAsync("halt"));

    public async Task StartAgainAsync()
    {
        string before = ConnectionString;
        Assert.Null(await RunAsync("start"));
        Assert.Equal(before, ConnectionString);
    }

    public async ValueTask DisposeAsync() => await RunAsync("stop");

    /// <returns>What went wrong.</returns>
    private async Task<string?> RunAsync(string command)
    {
        var start = new ProcessStartInfo("bash", [_script, command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in _environment)
        {
            start.Environment[key] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (command == "start")
        {
            ConnectionString = (await output).Trim();
        }

        return process.ExitCode == 0 ? null : (await errors).Trim();
    }
}
