using Millrace.Runtime.Clustering;
using Millrace.Runtime.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>The workers of a world. All of them run the program that was started last.</summary>
internal sealed class SimulatedWorkers(SimulatedCluster cluster) : IJobBuilder
{
    private readonly Dictionary<SimulatedProcess, WorkerInfo> _workers = [];

    public SimulatedCluster Cluster => cluster;

    public SimulatedStart Program { get; set; } = null!;

    public IReadOnlyList<string> Names => [Program.JobName];

    public BuiltJob Build(string name, int? parallelism) =>
        new(Program.Env.BuildJobGraph(name), new SerializerProvider(Program.Env.Serializers), Program.Env.LoggerFactory, null, null);

    /// <summary>The worker in a process, which is made when it is first asked for.</summary>
    public WorkerInfo Of(SimulatedProcess process)
    {
        if (!_workers.TryGetValue(process, out var worker))
        {
            worker = new WorkerInfo(process.Name, process.Name, "simulated", 0, Slots: 8);
            var host = new WorkerHost(() => worker, this, process, Program.Env.LoggerFactory);
            host.DataPlane = cluster.Add(worker, process, host);
            _workers.Add(process, worker);
        }

        return worker;
    }
}
