using Millrace.Checkpointing;

namespace Millrace.Simulation.Engine;

/// <summary>The control of those who watch the storage: the engine, but whenever its log grows a file of a checkpoint is taken for garbage.</summary>
internal sealed class CarelessEngine : ISimulatedEngine
{
    private readonly SimulatedEngine _engine = new();

    public bool IsFaultTolerant => true;

    public ISimulatedRun Start(SimulatedStart start)
    {
        var options = start.Env.Options.Checkpoints;
        options.Storage = new CarelessStorage(options.Storage!, options.JobId!);
        return _engine.Start(start);
    }

    private sealed class CarelessStorage(CheckpointStorage inner, string jobId) : CheckpointStorage
    {
        public override string Description => inner.Description;

        public override StorageOutput Create(string name, CancellationToken cancellationToken = default) => inner.Create(name, cancellationToken);

        public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
        {
            bool isCreated = inner.TryCreate(name, content, cancellationToken);
            if (isCreated && name.StartsWith($"{jobId}/log/", StringComparison.Ordinal))
            {
                var files = inner.List(jobId, cancellationToken).Select(file => file.Name).Where(file => file.StartsWith($"{jobId}/chk-", StringComparison.Ordinal));
                inner.Delete([.. files.Take(1)], cancellationToken);
            }

            return isCreated;
        }

        public override Stream OpenRead(string name, CancellationToken cancellationToken = default) => inner.OpenRead(name, cancellationToken);

        public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default) => inner.List(folder, cancellationToken);

        public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default) => inner.Delete(names, cancellationToken);
    }
}
