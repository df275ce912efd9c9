using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/high-availability.md, compiled.</summary>
internal static class HighAvailability
{
    public static void Worker(HostApplicationBuilder builder)
    {
        builder.AddMillrace()
            .AddJob<Revenue>(configure: options => options.Checkpoints.Interval = TimeSpan.FromSeconds(10))
            .UseCluster(cluster => cluster.UsePostgres(builder.Configuration.GetConnectionString("millrace")!));
    }

    private sealed class Revenue : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSequence(1, 1_000_000).Discard();
    }
}
