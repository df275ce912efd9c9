using System.IO.Hashing;
using Millrace.Checkpointing;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The files of one checkpoint or savepoint while it is under way. Safe for use by several threads.</summary>
internal sealed class CheckpointFiles
{
    private readonly CheckpointStorage _storage;
    private readonly string? _sharedFolder;
    private readonly int _inlineThreshold;
    private readonly Action<CheckpointFiles> _ended;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private State _state;
    private long _bytesWritten;

    /// <param name="storage">Where to.</param>
    /// <param name="checkpointId">The checkpoint.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="sharedFolder">Where files that several checkpoints may name are; null for a savepoint, which shares nothing.</param>
    /// <param name="inlineThreshold">Up to how many bytes state goes into the manifest.</param>
    /// <param name="generation">How many times checkpoints had been dropped when this one began.</param>
    /// <param name="ended">Told when it is complete or given up.</param>
    public CheckpointFiles(
        CheckpointStorage storage, long checkpointId, string folder, string? sharedFolder, int inlineThreshold, long generation, Action<CheckpointFiles> ended)
    {
        _storage = storage;
        CheckpointId = checkpointId;
        Folder = folder;
        _sharedFolder = sharedFolder;
        _inlineThreshold = inlineThreshold;
        Generation = generation;
        _ended = ended;
    }

    private enum State
    {
        Open,
        Sealed,
        Discarded,
    }

    public long CheckpointId { get; }

    public string Folder { get; }

    public bool IsSavepoint => _sharedFolder is null;

    /// <summary>How many bytes were written anew, inline state included.</summary>
    public long BytesWritten => Interlocked.Read(ref _bytesWritten);

    internal long Generation { get; }

    /// <summary>Writes a file. State up to the threshold becomes part of the manifest; more goes to the storage as it is written.</summary>
    /// <param name="name">The name that whoever writes it knows it by.</param>
    /// <param name="write">Writes all bytes; the stream cannot seek.</param>
    /// <param name="isShared">Whether later checkpoints may name the file again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file, to be named in the manifest.</returns>
    /// <exception cref="IOException">The storage does not take it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the checkpoint was given up meanwhile.</exception>
    public StateFile Write(string name, Action<Stream> write, bool isShared, CancellationToken cancellationToken)
    {
        return Write(NewPath(isShared), name, write, cancellationToken);
    }

    private StateFile Write(string path, string name, Action<Stream> write, CancellationToken cancellationToken)
    {
        using var stream = new SpillingStream(_storage, path, _inlineThreshold, cancellationToken);
        write(stream);
        cancellationToken.ThrowIfCancellationRequested();
        if (stream.Complete() is { } inline)
        {
            Interlocked.Add(ref _bytesWritten, inline.Length);
            return new StateFile(name, "", inline.Length, stream.Checksum, inline);
        }

        Register(path, stream.Length);
        return new StateFile(name, path, stream.Length, stream.Checksum);
    }

    /// <summary>Takes a file of this machine into the storage; by a link where the storage can.</summary>
    /// <param name="localPath">The file; nobody changes it any more.</param>
    /// <param name="name">The name that whoever wrote it knows it by.</param>
    /// <param name="isShared">Whether later checkpoints may name the file again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file, to be named in the manifest.</returns>
    /// <exception cref="IOException">The storage does not take it, or the file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the checkpoint was given up meanwhile.</exception>
    public StateFile Upload(string localPath, string name, bool isShared, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var local = new FileStream(localPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 128 * 1024, FileOptions.SequentialScan);
        string path = NewPath(isShared);
        if (local.Length <= _inlineThreshold || !_storage.TryImport(localPath, path))
        {
            return Write(path, name, stream => local.CopyTo(stream), cancellationToken);
        }

        // From here on it is in the storage, whatever happens to the rest.
        Register(path, local.Length);
        var hash = new XxHash3();
        hash.Append(local);
        return new StateFile(name, path, local.Length, hash.GetCurrentHashAsUInt64());
    }

    /// <summary>Takes the files of a backend's native snapshot.</summary>
    public NativeSnapshotTarget AsNativeTarget() => new NativeTarget(this);

    /// <summary>Deletes what was written for a checkpoint that came to nothing; what is still being written deletes itself. No error where that fails: it is garbage that the next start removes.</summary>
    /// <remarks>Does nothing once the checkpoint is complete, or where it is not known whether it is.</remarks>
    /// <returns>Whether nothing of it will ever be used.</returns>
    public bool Discard()
    {
        lock (_gate)
        {
            if (_state != State.Open)
            {
                return _state == State.Discarded;
            }

            _state = State.Discarded;
        }

        Delete(_written);
        _ended(this);
        return true;
    }

    /// <summary>Takes over files that another process has written for the checkpoint.</summary>
    internal void Adopt(IReadOnlyCollection<string> paths)
    {
        lock (_gate)
        {
            if (_state == State.Open)
            {
                _written.UnionWith(paths);
            }
        }
    }

    internal bool HasWritten(string path)
    {
        lock (_gate)
        {
            return _written.Contains(path);
        }
    }

    /// <summary>From here on the files belong to the manifest.</summary>
    internal void Seal()
    {
        lock (_gate)
        {
            if (_state != State.Open)
            {
                throw new InvalidOperationException($"Checkpoint {CheckpointId} is {(_state == State.Sealed ? "complete" : "given up")} already.");
            }

            _state = State.Sealed;
        }
    }

    /// <summary>It is certain that the checkpoint was not completed: it may be given up after all.</summary>
    internal void Unseal()
    {
        lock (_gate)
        {
            _state = State.Open;
        }
    }

    /// <summary>Nothing of it is under way any more.</summary>
    internal void End() => _ended(this);

    private string NewPath(bool isShared) => CheckpointNames.Random(isShared && _sharedFolder is not null ? _sharedFolder : Folder);

    private void Register(string path, long length)
    {
        lock (_gate)
        {
            if (_state == State.Open)
            {
                _written.Add(path);
                Interlocked.Add(ref _bytesWritten, length);
                return;
            }
        }

        Delete([path]);
        throw new OperationCanceledException($"Checkpoint {CheckpointId} was given up while '{path}' was being written.");
    }

    private void Delete(IReadOnlyCollection<string> names)
    {
        try
        {
            _storage.Delete(names);
        }
        catch (Exception exception) when (StorageFailures.IsOfStorage(exception))
        {
            // Nobody names them; the next start of the job removes what is left.
        }
    }

    private sealed class NativeTarget(CheckpointFiles files) : NativeSnapshotTarget
    {
        public override long CheckpointId => files.CheckpointId;

        public override bool MayShare => !files.IsSavepoint;

        public override StateFile Upload(string localPath, string name, bool isShared, CancellationToken cancellationToken) =>
            files.Upload(localPath, name, isShared, cancellationToken);
    }
}
