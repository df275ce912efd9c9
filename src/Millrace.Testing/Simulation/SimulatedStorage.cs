using Millrace.Checkpointing;

namespace Millrace.Testing.Simulation;

/// <summary>
/// A <see cref="SimulatedDisk"/> as the processes of one start of a job see it: each operation is done by the process whose turn it is. When that is dead nothing that its
/// code still does has an effect.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="owner">Does what is asked for between two turns.</param>
internal sealed class SimulatedStorage(SimulatedDisk disk, SimulatedProcess owner) : CheckpointStorage
{
    public override string Description => "simulated storage";

    public override StorageOutput Create(string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return disk.Do(owner, $"create {name}", () => new Output(this, name));
    }

    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        byte[] copy = content.ToArray();
        return disk.Do(owner, $"try to create {name}, {copy.Length} bytes", () =>
        {
            if (disk.Exists(name))
            {
                return false;
            }

            disk.Put(name, copy);
            return true;
        });
    }

    public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return disk.Do(owner, $"read {name}", () => new MemoryStream(disk.Get(name), writable: false));
    }

    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return disk.Do(owner, $"list {folder}", () => disk.List(folder));
    }

    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
    {
        // One at a time: a failure in the middle leaves some removed and some not.
        foreach (string name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            disk.Do(owner, $"delete {name}", () =>
            {
                disk.Remove(name);
                return true;
            });
        }
    }

    private sealed class Output(SimulatedStorage storage, string name) : StorageOutput
    {
        private readonly Buffer _buffer = new(storage, name);

        public override Stream Stream => _buffer;

        public override void Complete()
        {
            byte[] content = _buffer.ToArray();
            storage.Do(
                $"complete {name}, {content.Length} bytes",
                disk =>
                {
                    disk.Put(name, content);
                    return true;
                },
                disk => disk.Tear(name, content));
        }

        protected override void Dispose(bool disposing) => _buffer.Dispose();
    }

    private T Do<T>(string description, Func<SimulatedDisk, T> effect, Action<SimulatedDisk> crash) =>
        disk.Do(owner, description, () => effect(disk), () => crash(disk));

    /// <summary>What is written before it is complete. Each write is an operation that may go wrong.</summary>
    private sealed class Buffer(SimulatedStorage storage, string name) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            byte[] copy = buffer.ToArray();
            storage.Do(
                $"write {copy.Length} bytes of {name}",
                disk =>
                {
                    disk.CheckRoom(Length + copy.Length);
                    base.Write(copy, 0, copy.Length);
                    return true;
                },
                disk => disk.Tear(name, ToArray()));
        }
    }
}
