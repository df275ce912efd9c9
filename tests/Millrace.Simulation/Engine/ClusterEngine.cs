namespace Millrace.Simulation.Engine;

/// <summary>The engine as it runs on a cluster: coordinator and workers know each other by connections alone, and talk in messages.</summary>
internal sealed class ClusterEngine : ISimulatedEngine
{
    public bool IsFaultTolerant => true;

    public bool KeepsWorkers => true;

    public ISimulatedRun Start(SimulatedStart start) => new ClusterRun(start);
}
