using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>The engine, as the world sees it: what can be started, disturbed and asked.</summary>
internal interface ISimulatedEngine
{
    /// <summary>Whether a job that was interrupted goes on where it was: whether the world may do more than delay things.</summary>
    bool IsFaultTolerant { get; }

    /// <summary>Whether workers serve whoever leads: those of a coordinator that is lost go on under the next one.</summary>
    bool KeepsWorkers => false;

    /// <summary>Starts a job; where its storage has a checkpoint of it, from there.</summary>
    ISimulatedRun Start(SimulatedStart start);
}

/// <summary>What a job is started with.</summary>
/// <param name="Env">The job.</param>
/// <param name="JobName">Its name.</param>
/// <param name="Network">Connects the workers.</param>
/// <param name="Coordinator">The process of the coordinator and the enumerators.</param>
/// <param name="Workers">The processes of the workers.</param>
internal sealed record SimulatedStart(
    StreamExecutionEnvironment Env, string JobName, SimulatedNetwork Network, SimulatedProcess Coordinator, IReadOnlyList<SimulatedProcess> Workers);

/// <summary>A job that was started.</summary>
internal interface ISimulatedRun
{
    /// <summary>Whether it has ended, however it did.</summary>
    bool IsEnded { get; }

    JobState State { get; }

    /// <summary>Why it failed.</summary>
    Exception? Error { get; }

    /// <summary>The connections between its workers that there are now.</summary>
    IReadOnlyList<SimulatedConnection> Connections { get; }

    /// <summary>Tells the coordinator that a worker is dead, and which process takes its place.</summary>
    void ReplaceWorker(int worker, SimulatedProcess replacement);

    /// <summary>Tells the coordinator that a worker is dead, which is not, or that it lives after all.</summary>
    void Suspect(int worker, bool isDead) => throw new NotSupportedException("There is no membership that could be wrong.");

    /// <summary>Takes a savepoint.</summary>
    /// <param name="path">Its folder in the storage.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="stop">Whether the job stops behind it, and how.</param>
    /// <param name="done">Called in the coordinator's process with the error, if there was one.</param>
    void TriggerSavepoint(string path, SavepointFormat format, StopMode stop, Action<Exception?> done);

    void Cancel();

    /// <summary>Where everything stands, for people: what a run that does not end waits for.</summary>
    string Describe();
}
