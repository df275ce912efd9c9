using System.Diagnostics;

[assembly: AssemblyFixture(typeof(Millrace.Tests.Redis.RedisServer))]

namespace Millrace.Tests.Redis;

/// <summary>The Redis that the tests run against: the one that MILLRACE_TEST_REDIS names, or one that eng/servers/redis.sh starts for this process when a test asks for it first.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Variable = "MILLRACE_TEST_REDIS";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"millrace-redis-{Environment.ProcessId}");
    private readonly Lazy<Task<(string? ConnectionString, string? Unavailable)>> _server;
    private bool _started;

    public RedisServer()
    {
        _server = new(StartAsync);
    }

    public async ValueTask DisposeAsync()
    {
        if (_started)
        {
            await RunAsync("stop");
        }
    }

    /// <summary>How to reach the server. Skips the test where there is none.</summary>
    internal async Task<string> GetConnectionStringAsync()
    {
        var (connectionString, unavailable) = await _server.Value;
        Assert.SkipWhen(connectionString is null, unavailable ?? "");
        return connectionString!;
    }

    private async Task<(string? ConnectionString, string? Unavailable)> StartAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return (given, null);
        }

        _started = true;
        var (exitCode, output, errors) = await RunAsync("start");
        return exitCode == 0
            ? (output.Trim(), null)
            : (null, $"No Redis: {errors.Trim()} Install it with eng/servers/redis.sh install, or put the address of a server that may be written to into {Variable}.");
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(string command)
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Millrace.slnx")))
        {
            root = root.Parent;
        }

        if (root is null || OperatingSystem.IsWindows())
        {
            return (1, "", "eng/servers/redis.sh cannot run here.");
        }

        var start = new ProcessStartInfo("bash", [Path.Combine(root.FullName, "eng/servers/redis.sh"), command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MILLRACE_REDIS_DIR"] = _folder },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
