using System.Runtime;
using Microsoft.Extensions.Configuration;
using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/state-backends.md.</summary>
internal static class StateBackends
{
    internal static void InCode(StreamExecutionEnvironment env)
    {
        env.Options.StateBackend = new RocksDbStateBackend();
    }

    internal static void Latency()
    {
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
    }

    internal static void WithOptions(StreamExecutionEnvironment env)
    {
        env.Options.StateBackend = new RocksDbStateBackend(new RocksDbOptions
        {
            Directory = "/data/millrace",
            MemoryBudget = 2L << 30,
        });
    }

    internal static void FromConfiguration(ExecutionOptions options, IConfiguration configuration)
    {
        MillraceConfiguration.Backends.Add("rocksdb", RocksDbStateBackend.FromConfiguration);
        options.Configure(configuration.GetSection("Millrace"));
    }
}
