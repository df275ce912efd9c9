using Millrace.Checkpointing;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

/// <summary>A storage in memory, with a hook before every call: what the hook throws, the call throws.</summary>
internal sealed class MemoryCheckpointStorage : CheckpointStorage
{
    private readonly Lock _gate = new();

    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Called with the name of the method and of the file; not while a lock is held.</summary>
    public Action<string, string> Before { get; set; } = static (_, _) => { };

    public override string Description => "memory";

    public override StorageOutput Create(string name, CancellationToken cancellationToken = default)
    {
        Before(nameof(Create), name);
        return new Output(this, name);
    }

    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
    {
        Before(nameof(TryCreate), name);
        lock (_gate)
        {
            return Files.TryAdd(name, content.ToArray());
        }
    }

    public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
    {
        Before(nameof(OpenRead), name);
        lock (_gate)
        {
            return Files.TryGetValue(name, out byte[]? content) ? new MemoryStream(content, writable: false) : throw new FileNotFoundException(name);
        }
    }

    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default)
    {
        Before(nameof(List), folder);
        lock (_gate)
        {
            return [.. Files.Where(file => folder.Length == 0 || file.Key.StartsWith(folder + "/", StringComparison.Ordinal)).Select(file => new StoredFile(file.Key, file.Value.Length, DateTimeOffset.UnixEpoch))];
        }
    }

    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
    {
        foreach (string name in names)
        {
            Before(nameof(Delete), name);
            lock (_gate)
            {
                Files.Remove(name);
            }
        }
    }

    private sealed class Output(MemoryCheckpointStorage storage, string name) : StorageOutput
    {
        private readonly MemoryStream _stream = new();

        public override Stream Stream => _stream;

        public override void Complete()
        {
            storage.Before(nameof(Complete), name);
            lock (storage._gate)
            {
                storage.Files[name] = _stream.ToArray();
            }
        }

        protected override void Dispose(bool disposing) => _stream.Dispose();
    }
}
