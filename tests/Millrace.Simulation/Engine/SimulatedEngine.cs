using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>The engine itself: what is simulated is everything around it.</summary>
internal sealed class SimulatedEngine : ISimulatedEngine
{
    public bool IsFaultTolerant => true;

    public ISimulatedRun Start(SimulatedStart start) => new SimulatedRun(start);

    public IReadOnlyList<string> VerifyStorage(SimulatedStorage storage, string jobId)
    {
        var wrong = new List<string>();
        var options = new CheckpointOptions { Storage = storage, JobId = jobId };
        var store = new CheckpointStore(storage, jobId, options, TimeProvider.System, NullLogger.Instance);
        store.Open();
        foreach (var retained in store.Retained)
        {
            try
            {
                var manifest = store.ReadSavepoint(retained.Path);
                var reader = store.CreateReader(manifest);
                foreach (var (file, _) in ManifestFiles.All(manifest))
                {
                    reader.Verify(file);
                }
            }
            catch (Exception error) when (error is MillraceException or IOException)
            {
                wrong.Add($"{retained.Path}: {error.Message}");
            }
        }

        return wrong;
    }
}
