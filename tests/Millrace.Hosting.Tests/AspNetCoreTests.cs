using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Millrace.Connectors;

namespace Millrace.Hosting.Tests;

/// <summary>A job within a web application: requests push records, and the health endpoint knows of the job.</summary>
public sealed class AspNetCoreTests
{
    [Fact]
    public async Task Endpoint_PushesIntoAHostedJob()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var sums = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ChannelSource<Click>>();
        builder.Services.AddSingleton(sums);
        builder.Services.AddHealthChecks().AddMillrace();
        builder.AddMillrace().AddJob<Clicks>(configure: TestHosts.InMemory);
        await using var app = builder.Build();
        app.MapPost("/clicks", async (Click click, ChannelSource<Click> clicks, CancellationToken token) =>
        {
            await clicks.WriteAsync(click, token);
            return Results.Accepted();
        });
        app.MapGet("/jobs", (IMillraceJobs jobs) => jobs.Names.ToDictionary(name => name, name => jobs[name].State.ToString()));
        app.MapHealthChecks("/health");
        await app.StartAsync(cancellation);
        using var http = app.GetTestClient();
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await http.PostAsJsonAsync("/clicks", new Click("home", i), cancellation)).StatusCode);
        }

        Assert.Equal(6, await sums.Soon());
        Assert.Equal("Running", (await http.GetFromJsonAsync<Dictionary<string, string>>("/jobs", cancellation))!["Clicks"]);
        Assert.Equal("Healthy", await http.GetStringAsync("/health", cancellation));
        await app.StopAsync(cancellation);
        Assert.Equal(JobState.Canceled, app.Services.GetRequiredService<IMillraceJobs>()["Clicks"].State);
    }

    public sealed record Click(string Page, int Count);

    private sealed class Clicks(ChannelSource<Click> clicks, TaskCompletionSource<int> sums) : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSource(clicks)
            .KeyBy(click => click.Page)
            .Reduce((one, other) => one with { Count = one.Count + other.Count })
            .ForEach(click =>
            {
                if (click.Count == 6)
                {
                    sums.SetResult(click.Count);
                }
            });
    }
}
