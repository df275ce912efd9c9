using System.Globalization;
using System.Text.RegularExpressions;

namespace Millrace.Deploy.Tests;

/// <summary>The unit of systemd and the files with its environment.</summary>
public sealed partial class SystemdTests
{
    private const string Folder = "deploy/systemd";
    private const string Unit = "millrace-worker@.service";

    [Fact]
    public async Task Systemd_finds_nothing_wrong()
    {
        using var copy = Copy();
        var result = await Command.TryRunAsync("systemd-analyze", ["verify", "--man=no", copy.Instance]);
        Assert.SkipWhen(result is null, "There is no systemd-analyze.");

        // It ends with 0 also when it only warns, for example of a key that it does not know.
        Assert.True(result is { ExitCode: 0 } && !result.Error.Contains(Unit[..15], StringComparison.Ordinal), result!.Error);
    }

    [Fact]
    public async Task A_wrong_key_in_the_unit_is_noticed()
    {
        using var copy = Copy("Restart=on-failure", "Restarts=on-failure");
        var result = await Command.TryRunAsync("systemd-analyze", ["verify", "--man=no", copy.Instance]);
        Assert.SkipWhen(result is null, "There is no systemd-analyze.");
        Assert.Contains("Restarts", result!.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_is_exposed_little()
    {
        using var copy = Copy();
        var result = await Command.TryRunAsync("systemd-analyze", ["security", "--offline=yes", "--threshold=20", "--no-pager", copy.Instance]);
        Assert.SkipWhen(result is null || result.Error.Contains("unrecognized option", StringComparison.Ordinal), "There is no systemd-analyze that can look at files (version 250 or later).");
        Assert.True(result is { ExitCode: 0 }, result!.Output + result.Error);
    }

    [Fact]
    public void A_worker_comes_back_and_may_leave_in_peace()
    {
        var settings = Settings();
        Assert.Equal("on-failure", settings["Restart"].Single());
        Assert.Equal("0", settings["StartLimitIntervalSec"].Single());
        Assert.Equal("SIGTERM", settings["KillSignal"].Single());
        var environment = settings["Environment"].Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.True(int.Parse(settings["TimeoutStopSec"].Single(), CultureInfo.InvariantCulture) > int.Parse(environment["DOTNET_shutdownTimeoutSeconds"], CultureInfo.InvariantCulture));
        KnownKeys.AssertKnown(environment);

        // With these the runtime of .NET does not start.
        Assert.False(settings.Contains("MemoryDenyWriteExecute"));
        Assert.False(settings.Contains("ProcSubset"));
    }

    [Theory]
    [InlineData("worker.env.example")]
    [InlineData("worker-2.env.example")]
    public void The_environment_has_keys_that_Millrace_knows(string file) => KnownKeys.AssertKnown(Variables(file));

    [Fact]
    public void A_second_worker_on_a_machine_has_other_ports()
    {
        var first = Variables("worker.env.example");
        var second = Variables("worker-2.env.example");
        Assert.NotEqual("11111", second["Millrace__Cluster__SiloPort"]);
        Assert.NotEqual("7100", second["Millrace__Cluster__DataPort"]);
        Assert.NotEqual(first["ASPNETCORE_URLS"], second["ASPNETCORE_URLS"]);
    }

    private static ILookup<string, string> Settings() => Setting().Matches(Repository.Read($"{Folder}/{Unit}")).ToLookup(match => match.Groups[1].Value, match => match.Groups[2].Value);

    private static Dictionary<string, string> Variables(string file) =>
        Setting().Matches(Repository.Read($"{Folder}/{file}")).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value.Trim('"'));

    // The program and its folder are not there; everything else is as it is.
    private static UnitCopy Copy(string old = "", string now = "")
    {
        string text = Repository.Read($"{Folder}/{Unit}").Replace("/opt/millrace/worker/worker", "/bin/true", StringComparison.Ordinal).Replace("/opt/millrace/worker", "/", StringComparison.Ordinal);
        return new UnitCopy(old.Length == 0 ? text : text.Replace(old, now, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^(\w+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Setting();

    private sealed class UnitCopy : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("millrace-unit-");

        public UnitCopy(string text)
        {
            File.WriteAllText(Path.Combine(_folder.FullName, Unit), text);
            Instance = Path.Combine(_folder.FullName, "millrace-worker@1.service");
            File.WriteAllText(Instance, text);
        }

        public string Instance { get; }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
