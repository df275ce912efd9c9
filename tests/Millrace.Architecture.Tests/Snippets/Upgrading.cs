using Microsoft.Extensions.Hosting;
using Millrace.Checkpointing;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/upgrading.md.</summary>
internal static class Upgrading
{
    internal static async Task<string> StopAsync(JobClient client)
    {
        string path = await client.StopWithSavepointAsync("savepoints/before-2.0");
        return path;
    }

    internal static async Task<int> CheckAsync(StreamExecutionEnvironment env)
    {
        var report = await env.CheckUpgradeAsync("orders", new UpgradeCheckOptions { Savepoint = "savepoints/trial" });
        Console.WriteLine(report);
        return report.ExitCode;
    }

    internal static async Task<bool> LookAsync(StreamExecutionEnvironment env)
    {
        var report = await env.CheckUpgradeAsync("orders");
        foreach (var op in report.Operators)
        {
            foreach (var state in op.States.Where(state => state.Status == UpgradeStatus.Migrates))
            {
                Console.WriteLine($"{op.Uid}/{state.Name}: {state.Then} becomes {state.Now}");
            }
        }

        return report.IsRestorable;
    }

    internal static async Task<int> ProgramAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.AddMillrace().AddJob<Orders>("orders");
        var app = builder.Build();
        if (args.Contains("--check-upgrade"))
        {
            return await app.CheckUpgradesAsync();
        }

        await app.RunAsync();
        return 0;
    }

    private sealed class Orders : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSequence(1, 10).Discard();
    }
}
