using Microsoft.Extensions.Configuration;
using Millrace.Checkpointing;
using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/checkpoints.md.</summary>
internal static class Checkpoints
{
    internal static StreamExecutionEnvironment InCode()
    {
        var options = new ExecutionOptions();
        options.Checkpoints.Storage = new DirectoryCheckpointStorage("/var/lib/orders");
        options.Checkpoints.Interval = TimeSpan.FromSeconds(10);
        var env = new StreamExecutionEnvironment(options);
        return env;
    }

    internal static ExecutionOptions FromConfiguration(IConfiguration configuration)
    {
        var options = new ExecutionOptions().UseHostedDefaults().Configure(configuration.GetSection("Millrace"));
        return options;
    }

    internal static void MakeKnown()
    {
        MillraceConfiguration.Backends.Add("rocksdb", RocksDbStateBackend.FromConfiguration);
        MillraceConfiguration.Storages.Add("s3", section =>
        {
            var uri = new Uri(section["Directory"]!);
            return new S3CheckpointStorage(new S3CheckpointStorageOptions { Bucket = uri.Host, Prefix = uri.AbsolutePath.Trim('/') });
        });
    }

    internal static async Task<string> TriggerAsync(StreamExecutionEnvironment env)
    {
        await using var client = env.Start("orders");

        string checkpoint = await client.TriggerCheckpointAsync();                       // beside those of the interval
        string savepoint = await client.TriggerSavepointAsync("savepoints/2026-11-22");  // the job goes on
        return checkpoint + savepoint;
    }

    internal static async Task<string> StopAsync(JobClient client)
    {
        string path = await client.StopWithSavepointAsync("savepoints/before-upgrade");
        await client.Completion;
        return path;
    }

    internal static void Restore(ExecutionOptions options)
    {
        options.Checkpoints.RestoreFrom = new RestoreOptions("savepoints/before-upgrade");
    }

    internal static void InS3(ExecutionOptions options)
    {
        options.Checkpoints.Storage = new S3CheckpointStorage(new S3CheckpointStorageOptions { Bucket = "checkpoints", Prefix = "orders", Region = "eu-central-1" });
    }

    internal static void Watch(JobClient client)
    {
        if (client.GetCheckpoints().LatestCompleted is { } latest)
        {
            var slowest = latest.Tasks.SelectMany(task => task.Subtasks, (task, subtask) => (task.Name, subtask)).MaxBy(pair => pair.subtask.Duration);
            Console.WriteLine($"{latest.Id}: {latest.Duration}, {latest.StateSize:N0} bytes; slowest {slowest.Name} ({slowest.subtask.Index}), {slowest.subtask.Duration}");
        }
    }
}
