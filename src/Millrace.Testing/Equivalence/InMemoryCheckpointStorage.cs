using Millrace.Checkpointing;

namespace Millrace.Testing;

/// <summary>Keeps checkpoints in memory, for tests: they outlive a job, but not the process. Safe to use from any thread, and by several jobs.</summary>
public sealed class InMemoryCheckpointStorage : CheckpointStorage
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Description => "memory";

    /// <summary>The names of all files, in order. A snapshot.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _files.Keys];
            }
        }
    }

    /// <inheritdoc/>
    public override StorageOutput Create(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        cancellationToken.ThrowIfCancellationRequested();
        return new Output(this, name);
    }

    /// <inheritdoc/>
    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return _files.TryAdd(name, content.ToArray());
        }
    }

    /// <inheritdoc/>
    public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return _files.TryGetValue(name, out byte[]? content)
                ? new MemoryStream(content, writable: false)
                : throw new FileNotFoundException($"There is no file {name} in memory.", name);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        cancellationToken.ThrowIfCancellationRequested();
        string prefix = folder.Length == 0 ? "" : folder + "/";
        lock (_lock)
        {
            return [.. _files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(file => new StoredFile(file.Key, file.Value.Length, DateTimeOffset.UnixEpoch))];
        }
    }

    /// <inheritdoc/>
    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (string name in names)
            {
                _files.Remove(name);
            }
        }
    }

    private sealed class Output(InMemoryCheckpointStorage storage, string name) : StorageOutput
    {
        private readonly MemoryStream _stream = new();

        public override Stream Stream => _stream;

        public override void Complete()
        {
            lock (storage._lock)
            {
                storage._files[name] = _stream.ToArray();
            }
        }

        protected override void Dispose(bool disposing) => _stream.Dispose();
    }
}
