using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Millrace.Hosting;

namespace Millrace.Deploy.Tests;

/// <summary>What the files count on in a program of .NET.</summary>
public sealed class ProgramTests
{
    [Fact]
    public void The_variable_for_the_time_to_shut_down_is_one_that_hosts_read()
    {
        const string Name = "DOTNET_shutdownTimeoutSeconds";
        Environment.SetEnvironmentVariable(Name, "47");
        try
        {
            using var host = Host.CreateApplicationBuilder().Build();
            Assert.Equal(TimeSpan.FromSeconds(47), host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
            using var web = (IHost)WebApplication.CreateBuilder().Build();
            Assert.Equal(TimeSpan.FromSeconds(47), web.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Name, null);
        }
    }

    [Fact]
    public async Task An_answer_means_that_everything_before_the_web_server_has_started()
    {
        // A worker joins in a service of the host. While one of them starts, nobody listens yet: the probes count on it.
        var service = new Observer();
        await using var program = await TestProgram.StartAsync(static app => app.MapGet("/health/live", () => "ok"), builder =>
        {
            builder.Services.AddSingleton(service);
            builder.Services.AddSingleton<IHostedService>(services => service.With(services));
        });
        Assert.Equal([false, false], service.Listened);
        using var client = program.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_job_that_has_failed_for_good_makes_no_pod_restart()
    {
        await using var program = await TestProgram.StartAsync(
            static app =>
            {
                app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = static _ => false });
                app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = static check => check.Tags.Contains("ready") });
                app.MapHealthChecks("/health");
            },
            static builder =>
            {
                builder.Services.AddHealthChecks().AddMillrace();
                builder.AddMillrace(static host => host.OnJobFailure = JobFailureAction.Continue).AddJob(
                    "broken",
                    static env => env.FromSequence(1, 10).Map(static long (_) => throw new NonRecoverableException("it is broken")).Discard(),
                    static options => options.Checkpoints.Interval = null);
            });
        var jobs = program.Services.GetRequiredService<IMillraceJobs>();
        await Assert.ThrowsAnyAsync<Exception>(() => jobs["broken"].Completion);

        using var client = program.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health", TestContext.Current.CancellationToken)).StatusCode);
    }

    private sealed class Observer : IHostedLifecycleService
    {
        private IServiceProvider? _services;

        public List<bool> Listened { get; } = [];

        public Observer With(IServiceProvider services)
        {
            _services = services;
            return this;
        }

        // A port of 0 becomes another when the server listens.
        private void Observe() => Listened.Add(
            _services!.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Any(static address => new Uri(address).Port != 0));

        public Task StartingAsync(CancellationToken cancellationToken)
        {
            Observe();
            return Task.CompletedTask;
        }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Observe();
            return Task.CompletedTask;
        }

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
