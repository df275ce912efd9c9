using Microsoft.Extensions.Logging;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>The workers of a world.</summary>
/// <param name="cluster">Connects them.</param>
/// <param name="disks">Those that they keep copies of checkpoint files on; null where they keep none.</param>
internal sealed class SimulatedWorkers(SimulatedCluster cluster, WorkerDisks? disks) : IJobBuilder
{
    private readonly Dictionary<SimulatedProcess, WorkerInfo> _workers = [];

    public SimulatedCluster Cluster => cluster;

    /// <summary>What each coordinator was started with, by the name under which workers know it: each start of the world counts what its functions do apart.</summary>
    public Dictionary<string, SimulatedStart> Programs { get; } = [];

    public IReadOnlyList<string> Names => [.. Programs.Keys];

    public BuiltJob Build(string name, int? parallelism)
    {
        var (env, jobName) = (Programs[name].Env, Programs[name].JobName);
        return new BuiltJob(env.BuildJobGraph(jobName), new SerializerProvider(env.Serializers), env.LoggerFactory, null, null);
    }

    /// <summary>The worker in a process, which is made when it is first asked for.</summary>
    public WorkerInfo Of(SimulatedProcess process, ILoggerFactory loggers)
    {
        if (!_workers.TryGetValue(process, out var worker))
        {
            worker = new WorkerInfo(process.Name, process.Name, "simulated", 0, Slots: 8);
            var host = new WorkerHost(() => worker, this, process, loggers) { Copies = disks?.Mount(process, loggers) };
            host.DataPlane = cluster.Add(worker, process, host);
            _workers.Add(process, worker);
        }

        return worker;
    }
}
