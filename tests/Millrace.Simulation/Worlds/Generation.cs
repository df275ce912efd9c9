using Millrace.Checkpointing;
using Millrace.Simulation.Engine;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Worlds;

/// <summary>One start of the job: its processes, which die together.</summary>
internal sealed class Generation(int number, SimulatedProcess coordinator, SimulatedProcess[] workers)
{
    public int Number { get; } = number;

    public SimulatedProcess Coordinator { get; } = coordinator;

    public SimulatedProcess[] Workers { get; private set; } = workers;

    /// <summary>The job; <see langword="null"/> while it is being started.</summary>
    public ISimulatedRun? Run { get; set; }

    /// <summary>What becomes of the job when it has ended: whether it is started again, with another parallelism.</summary>
    public Rescale? Rescale { get; set; }

    /// <summary>All processes; those that were replaced are not among them.</summary>
    public IEnumerable<SimulatedProcess> Processes => [Coordinator, .. Workers];

    public bool IsAlive => Processes.Any(process => process.IsAlive);

    public bool Has(SimulatedProcess process) => Processes.Contains(process);

    public SimulatedProcess Process(int index) => Processes.ElementAt(index % Processes.Count());

    /// <summary>Its workers serve another start from now on.</summary>
    public IEnumerable<SimulatedProcess> HandOverWorkers()
    {
        var workers = Workers.Where(worker => worker.IsAlive).ToArray();
        Workers = [];
        return workers;
    }

    public void Kill()
    {
        foreach (var process in Processes)
        {
            process.Kill();
        }
    }
}

/// <summary>A job that is being stopped in order to start again.</summary>
/// <param name="Savepoint">What the next start begins from; <see langword="null"/> for its latest checkpoint.</param>
/// <param name="Claim">Who owns the savepoint then.</param>
/// <param name="Drains">Whether its input was ended first.</param>
internal sealed record Rescale(string? Savepoint, ClaimMode Claim = ClaimMode.NoClaim, bool Drains = false)
{
    /// <summary>Whether the savepoint is there.</summary>
    public bool IsTaken { get; set; }
}
