using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Millrace.Deploy.Tests;

/// <summary>docker-compose.yaml, read as YAML: there may be no Docker here.</summary>
public sealed partial class ComposeTests
{
    private const string File = "deploy/compose/docker-compose.yaml";
    private static readonly string[] Workers = ["worker-1", "worker-2", "worker-3"];

    // What the file may have for a service. Docker Compose refuses others, and so a typo.
    private static readonly HashSet<string> ServiceKeys =
    [
        "image", "restart", "depends_on", "stop_grace_period", "networks", "volumes", "tmpfs", "read_only", "user", "cap_drop", "security_opt", "healthcheck", "hostname", "environment", "ports",
        "entrypoint", "network_mode",
    ];

    private readonly Dictionary<object, object> _file = Parse();

    [Fact]
    public void Only_keys_that_Docker_Compose_knows_are_used()
    {
        Assert.All(_file.Keys.Cast<string>(), key => Assert.True(key is "name" or "services" or "networks" or "volumes" || key.StartsWith("x-", StringComparison.Ordinal), key));
        foreach (string service in Map(_file["services"]).Keys.Cast<string>())
        {
            Assert.All(Service(service).Keys.Cast<string>(), key => Assert.Contains(key, ServiceKeys));
            if (Service(service).TryGetValue("healthcheck", out var check))
            {
                Assert.All(Map(check).Keys.Cast<string>(), key => Assert.Contains(key, (string[])["test", "interval", "timeout", "retries", "start_period", "start_interval"]));
            }
        }
    }

    [Fact]
    public void Networks_volumes_and_services_that_are_named_exist()
    {
        var services = Map(_file["services"]);
        var volumes = Map(_file["volumes"]);
        foreach (string name in services.Keys.Cast<string>())
        {
            var service = Service(name);
            Assert.All(List(service, "networks"), network => Assert.Contains(network, Map(_file["networks"]).Keys));
            Assert.All(List(service, "volumes"), volume => Assert.Contains(volume.Split(':')[0], volumes.Keys));
            if (service.TryGetValue("depends_on", out var needed))
            {
                foreach (var (other, how) in Map(needed))
                {
                    // healthy needs a health check, completed a service that ends.
                    string condition = (string)Map(how)["condition"];
                    Assert.True(condition == "service_healthy" ? Service((string)other).ContainsKey("healthcheck") : (string)Service((string)other)["restart"] == "no", $"{name} waits for {other}");
                }
            }
        }
    }

    [Fact]
    public void Workers_differ_in_name_and_address_alone_and_have_keys_that_Millrace_knows()
    {
        var environments = Workers.ToDictionary(worker => worker, worker => Environment(worker));
        foreach (var (worker, environment) in environments)
        {
            KnownKeys.AssertKnown(environment);
            Assert.Equal(worker, Service(worker)["hostname"]);
            Assert.Equal(worker, environment["Millrace__Cluster__Name"]);
            Assert.Equal(worker, environment["Millrace__Cluster__Address"]);
            Assert.Equal(
                environments["worker-1"].Where(Common).OrderBy(variable => variable.Key, StringComparer.Ordinal),
                environment.Where(Common).OrderBy(variable => variable.Key, StringComparer.Ordinal));
            Assert.Contains(List(Service(worker), "volumes"), volume => volume == $"checkpoints:{environment["Millrace__Checkpoints__Directory"]}");
        }

        static bool Common(KeyValuePair<string, string> variable) => variable.Key is not ("Millrace__Cluster__Name" or "Millrace__Cluster__Address");
    }

    [Fact]
    public void Ports_of_the_cluster_are_not_published_and_those_of_health_for_this_machine_alone()
    {
        Assert.DoesNotContain("ports", Service("postgres").Keys);
        var published = Workers.Select(worker => Assert.Single(List(Service(worker), "ports"))).ToList();
        Assert.All(published, port => Assert.Matches(@"^127\.0\.0\.1:\d+:8080$", port));
        Assert.Equal(Workers.Length, published.Distinct().Count());
    }

    [Fact]
    public void A_worker_may_leave_in_peace_comes_back_and_has_no_rights()
    {
        foreach (string name in Workers)
        {
            var worker = Service(name);
            int grace = int.Parse(((string)worker["stop_grace_period"]).TrimEnd('s'), CultureInfo.InvariantCulture);
            Assert.True(grace > int.Parse(Environment(name)["DOTNET_shutdownTimeoutSeconds"], CultureInfo.InvariantCulture));
            Assert.Equal("unless-stopped", worker["restart"]);
            Assert.Equal("true", worker["read_only"]);
            Assert.Equal(["ALL"], List(worker, "cap_drop"));
            Assert.Equal(["no-new-privileges:true"], List(worker, "security_opt"));
            Assert.Equal(["/tmp"], List(worker, "tmpfs"));
        }
    }

    [Fact]
    public void What_must_be_given_is_in_the_example_and_has_no_default()
    {
        var needed = Variable().Matches(Repository.Read(File)).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
        var example = Repository.Read("deploy/compose/.env.example").Split('\n')
            .Where(line => line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=')[0]).Order(StringComparer.Ordinal);
        Assert.Equal(needed, example);
        Assert.DoesNotContain("${", Variable().Replace(Repository.Read(File), ""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/live", HttpStatusCode.OK, 0)]
    [InlineData("/health/live", HttpStatusCode.ServiceUnavailable, 1)]
    [InlineData("/elsewhere", HttpStatusCode.OK, 1)]
    public async Task The_health_check_says_what_the_program_answers(string path, HttpStatusCode answer, int exitCode)
    {
        await using var program = await TestProgram.StartAsync(app => app.MapGet(path, () => Results.StatusCode((int)answer)));
        var result = await Command.TryRunAsync("bash", ["-c", HealthCommand(program.Port)]);
        Assert.SkipWhen(result is null, "There is no bash.");
        Assert.Equal(exitCode, result!.ExitCode);
    }

    [Fact]
    public async Task The_health_check_fails_where_nobody_listens()
    {
        int port;
        await using (var program = await TestProgram.StartAsync(static _ => { }))
        {
            port = program.Port;
        }

        var result = await Command.TryRunAsync("bash", ["-c", HealthCommand(port)]);
        Assert.SkipWhen(result is null, "There is no bash.");
        Assert.NotEqual(0, result!.ExitCode);
    }

    private string HealthCommand(int port)
    {
        var test = List(Map(Service("worker-1")["healthcheck"]), "test");
        Assert.Equal(["CMD", "bash", "-c"], test[..3]);
        Assert.Contains("/8080 ", test[3], StringComparison.Ordinal);
        return test[3].Replace("/8080 ", $"/{port} ", StringComparison.Ordinal);
    }

    private Dictionary<object, object> Service(string name) => Map(Map(_file["services"])[name]);

    private Dictionary<string, string> Environment(string service) => Map(Service(service)["environment"]).ToDictionary(variable => (string)variable.Key, variable => (string)variable.Value);

    private static Dictionary<object, object> Map(object value) => Assert.IsType<Dictionary<object, object>>(value);

    private static List<string> List(Dictionary<object, object> map, string key) => map.TryGetValue(key, out var value) ? [.. Assert.IsType<List<object>>(value).Cast<string>()] : [];

    private static Dictionary<object, object> Parse() =>
        new DeserializerBuilder().WithDuplicateKeyChecking().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(new StringReader(Repository.Read(File)))));

    [GeneratedRegex(@"\$\{(\w+):\?[^}]+\}")]
    private static partial Regex Variable();
}
