using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/cluster.md, compiled.</summary>
internal static class Clusters
{
    public static async Task Worker(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.AddMillrace()
            .AddJob<Revenue>()
            .UseCluster(cluster => cluster.UsePostgres(builder.Configuration.GetConnectionString("millrace")!));
        await builder.Build().RunAsync();
    }

    public static void Kubernetes(HostApplicationBuilder builder)
    {
        builder.AddMillrace().AddJob<Revenue>().UseCluster(cluster =>
        {
            cluster.UseKubernetes();
            cluster.UseRedis("redis:6379");
        });
    }

    public static void Endpoints(WebApplication app)
    {
        app.MapGet("/jobs/{name}", (string name, IMillraceCluster cluster) => cluster.GetStatusAsync(name));
        app.MapPost("/jobs/{name}/savepoints/{id}", (string name, string id, IMillraceCluster cluster) => cluster.TriggerSavepointAsync(name, $"savepoints/{id}"));
        app.MapPost("/jobs/{name}/parallelism/{number}", (string name, int number, IMillraceCluster cluster) => cluster.RescaleAsync(name, number));
        app.MapGet("/workers", (IMillraceCluster cluster) => cluster.Workers);
    }

    private sealed class Revenue : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSequence(1, 1_000_000).Discard();
    }
}
