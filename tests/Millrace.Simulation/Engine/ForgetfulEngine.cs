using Millrace.Checkpointing;

namespace Millrace.Simulation.Engine;

/// <summary>The control: the engine with nothing kept, so that every start begins anew. A world that is content with it says nothing.</summary>
internal sealed class ForgetfulEngine : ISimulatedEngine
{
    public bool IsFaultTolerant => false;

    public ISimulatedRun Start(SimulatedStart start)
    {
        start.Env.Options.Checkpoints = new CheckpointOptions();
        start.Env.Options.RestartStrategy = RestartStrategy.None();
        return new SimulatedRun(start);
    }
}
