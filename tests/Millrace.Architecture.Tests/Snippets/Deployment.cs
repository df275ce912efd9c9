using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Checkpointing;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/deployment.md, compiled.</summary>
internal static class Deployment
{
    public static Task Program(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddMillrace().AddJob<Orders>().UseCluster();
        builder.Services.AddHealthChecks().AddMillrace();

        var app = builder.Build();
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
        app.MapHealthChecks("/health");
        return app.RunAsync();
    }

    public static void Storage()
    {
        MillraceConfiguration.Storages.Add("s3", section =>
        {
            var uri = new Uri(section["Directory"]!);
            return new S3CheckpointStorage(new S3CheckpointStorageOptions { Bucket = uri.Host, Prefix = uri.AbsolutePath.Trim('/'), Region = "eu-central-1" });
        });
    }

    private sealed class Orders : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSequence(1, 10).Discard();
    }
}
