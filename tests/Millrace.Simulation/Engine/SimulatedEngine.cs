namespace Millrace.Simulation.Engine;

/// <summary>The engine itself: what is simulated is everything around it.</summary>
internal sealed class SimulatedEngine : ISimulatedEngine
{
    public bool IsFaultTolerant => true;

    public ISimulatedRun Start(SimulatedStart start) => new SimulatedRun(start);
}
