using System.Diagnostics;
using Npgsql;

[assembly: AssemblyFixture(typeof(Millrace.Connectors.Tests.Server))]

namespace Millrace.Connectors.Tests;

/// <summary>
/// The server that the tests run against: the one that MILLRACE_TEST_POSTGRES names, or one that eng/servers/postgres.sh starts for this process. It must take prepared transactions.
/// </summary>
public sealed class Server : IAsyncLifetime
{
    private const string Variable = "MILLRACE_TEST_POSTGRES";
    private readonly List<string> _folders = [];
    private string? _connectionString;
    private string? _unavailable;
    private NpgsqlDataSource? _source;

    /// <summary>How to reach the server. Skips the test where there is none.</summary>
    internal string ConnectionString
    {
        get
        {
            Assert.SkipWhen(_unavailable is not null, _unavailable ?? "");
            return _connectionString!;
        }
    }

    /// <summary>For what the tests look at themselves.</summary>
    internal NpgsqlDataSource Source => _source ??= NpgsqlDataSource.Create(ConnectionString);

    public async ValueTask InitializeAsync()
    {
        _connectionString = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(_connectionString))
        {
            (_connectionString, _unavailable) = await StartAsync(maxPrepared: 64);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        foreach (string folder in _folders)
        {
            await RunAsync("stop", folder, 0);
        }
    }

    /// <summary>Starts another server, which takes no prepared transactions.</summary>
    internal async Task<string> StartWithoutPreparedTransactionsAsync()
    {
        (string? connectionString, string? unavailable) = await StartAsync(maxPrepared: 0);
        Assert.SkipWhen(connectionString is null, unavailable ?? "");
        return connectionString!;
    }

    internal async Task<int> ExecuteAsync(string statements)
    {
        await using var command = Source.CreateCommand(statements);
        return await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    internal async Task<T> QueryAsync<T>(string query)
    {
        await using var command = Source.CreateCommand(query);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    /// <summary>A single column of all rows.</summary>
    internal async Task<List<T>> ListAsync<T>(string query)
    {
        List<T> values = [];
        await using var command = Source.CreateCommand(query);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            values.Add(reader.GetFieldValue<T>(0));
        }

        return values;
    }

    private async Task<(string? ConnectionString, string? Unavailable)> StartAsync(int maxPrepared)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"millrace-postgres-{Environment.ProcessId}-{_folders.Count}");
        _folders.Add(folder);
        (int exitCode, string output, string errors) = await RunAsync("start", folder, maxPrepared);
        return exitCode == 0
            ? (output.Trim(), null)
            : (null, $"No PostgreSQL: {errors.Trim()} Install it with eng/servers/postgres.sh install, or put the connection string of a server that may be written to into {Variable}.");
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string command, string folder, int maxPrepared)
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Millrace.slnx")))
        {
            root = root.Parent;
        }

        if (root is null || OperatingSystem.IsWindows())
        {
            return (1, "", "eng/servers/postgres.sh cannot run here.");
        }

        var start = new ProcessStartInfo("bash", [Path.Combine(root.FullName, "eng/servers/postgres.sh"), command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MILLRACE_POSTGRES_DIR"] = folder, ["MILLRACE_POSTGRES_MAX_PREPARED"] = $"{maxPrepared}" },
        };
        using var process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
