using Millrace.Checkpointing;

namespace Millrace.Testing.Simulation;

/// <summary>What is on a <see cref="SimulatedDisk"/>, for whoever watches over it: nothing fails, nothing is logged, and nothing can be changed.</summary>
internal sealed class SimulatedDiskView(SimulatedDisk disk) : CheckpointStorage
{
    public override string Description => "simulated storage";

    public override StorageOutput Create(string name, CancellationToken cancellationToken = default) => throw ReadOnly();

    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default) => throw ReadOnly();

    public override Stream OpenRead(string name, CancellationToken cancellationToken = default) => new MemoryStream(disk.Get(name), writable: false);

    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default) => disk.List(folder);

    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default) => throw ReadOnly();

    private static NotSupportedException ReadOnly() => new("Whoever watches the storage does not change it.");
}
