using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>
/// The files of a savepoint, with all keyed state in the canonical format: what is in a backend's own is carried over into a file of this machine when it is
/// first asked for. Safe for use by several threads.
/// </summary>
internal sealed class SavepointFiles : IDisposable
{
    private readonly StateBackend? _backend;
    private readonly CheckpointReader _reader;
    private readonly RestoreFiles _files;
    private readonly Dictionary<string, OperatorManifest> _operators;
    private readonly Dictionary<KeyedStateHandle, string> _converted = new(ReferenceEqualityComparer.Instance);
    private readonly Lock _gate = new();
    private bool _disposed;

    public SavepointFiles(CheckpointStorage storage, string path, StateBackend? backend)
    {
        _backend = backend;
        Storage = storage;
        Manifest = StoreOf(storage).ReadSavepoint(path);
        _reader = new CheckpointReader(storage, Manifest);
        _files = new RestoreFiles(_reader);
        _operators = Manifest.Operators.ToDictionary(op => op.Uid, StringComparer.Ordinal);
    }

    public CheckpointStorage Storage { get; }

    public CheckpointManifest Manifest { get; }

    public CheckpointReader Reader => _reader;

    /// <summary>The part of a store that knows no job.</summary>
    public static CheckpointStore StoreOf(CheckpointStorage storage) =>
        new(storage, "state-processing", new CheckpointOptions(), TimeProvider.System, NullLogger.Instance);

    public OperatorManifest Operator(string uid)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        return _operators.GetValueOrDefault(uid) ?? throw StateProcessingErrors.NoOperator(Manifest, uid);
    }

    /// <summary>The keyed state of an operator, by subtask.</summary>
    public IReadOnlyList<KeyedStateHandle> HandlesOf(string uid) =>
        [.. Operator(uid).Subtasks.Select(subtask => subtask.Keyed).OfType<KeyedStateHandle>().OrderBy(handle => handle.KeyGroups.Start)];

    /// <summary>Opens the keyed state of a subtask; to be disposed of.</summary>
    public CanonicalStateReader Open(string uid, KeyedStateHandle handle)
    {
        if (handle.Format == KeyedStateHandle.Canonical)
        {
            return _files.OpenCanonical(handle.Files[0]);
        }

        string file = Convert(uid, handle);
        return new CanonicalStateReader(File.OpenRead(file), $"operator '{uid}', key groups {handle.KeyGroups.Start} to {handle.KeyGroups.End - 1}");
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (string file in _converted.Values)
            {
                File.Delete(file);
            }

            _converted.Clear();
        }
    }

    private string Convert(string uid, KeyedStateHandle handle)
    {
        // One at a time: a backend may hold a whole subtask's state in memory.
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SavepointReader));
            if (_converted.TryGetValue(handle, out string? known))
            {
                return known;
            }

            if (_backend is null || _backend.Name != handle.Format)
            {
                throw StateProcessingErrors.NeedsBackend(uid, handle.Format, _backend?.Name);
            }

            string file = Path.Combine(Path.GetTempPath(), $"millrace-{Guid.NewGuid():N}");
            try
            {
                Write(uid, handle, file);
            }
            catch
            {
                File.Delete(file);
                throw;
            }

            _converted.Add(handle, file);
            return file;
        }
    }

    private void Write(string uid, KeyedStateHandle handle, string file)
    {
        var op = Operator(uid);
        var values = new GroupValues(handle.KeyGroups);
        using var backend = _backend!.CreateKeyedState(new KeyedStateContext<OpaqueKey>(
            Manifest.JobName, op.Name, uid, 0, handle.KeyGroups, handle.MaxParallelism, new OpaqueKey.Serializer(), new OpaqueKey.Hasher(), NullLogger.Instance));
        backend.RestoreNative([new NativeSnapshot(handle.KeyGroups, handle.Files, values.Restore(handle.Metadata))], _reader.AsNativeSource());
        using var frozen = new FrozenOperatorState(backend.Freeze(Manifest.CheckpointId + 1), values.Freeze());
        using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        var writer = new CanonicalStateWriter(stream, handle.MaxParallelism);
        frozen.WriteCanonical(writer, CancellationToken.None);
        writer.Complete();
    }
}
