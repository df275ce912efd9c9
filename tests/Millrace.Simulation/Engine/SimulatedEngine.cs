using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>The engine itself: what is simulated is everything around it.</summary>
internal sealed class SimulatedEngine : ISimulatedEngine
{
    public bool IsFaultTolerant => true;

    public ISimulatedRun Start(SimulatedStart start) => HasFinished(start) ? new FinishedRun() : new SimulatedRun(start);

    /// <summary>
    /// Whether the job had come to its end before the crash: to start it once more would be another job. A process that dies between the end of its job and
    /// its own cannot know better, so whoever starts processes must.
    /// </summary>
    private static bool HasFinished(SimulatedStart start)
    {
        var options = start.Env.Options.Checkpoints;
        try
        {
            return options is { Storage: { } storage, JobId: { } jobId }
                && new CheckpointStore(storage, jobId, options, TimeProvider.System, NullLogger.Instance).PeekEnd() == JobState.Finished;
        }
        catch (Exception error) when (error is IOException or MillraceException or SimulatedCrashException)
        {
            return false;
        }
    }

    private sealed class FinishedRun : ISimulatedRun
    {
        public bool IsEnded => true;

        public JobState State => JobState.Finished;

        public Exception? Error => null;

        public IReadOnlyList<SimulatedConnection> Connections => [];

        public void ReplaceWorker(int worker, SimulatedProcess replacement)
        {
        }

        public void TriggerSavepoint(string path, SavepointFormat format, StopMode stop, Action<Exception?> done) => done(new IOException("The job has ended."));

        public void Cancel()
        {
        }

        public string Describe() => "finished before";
    }
}
