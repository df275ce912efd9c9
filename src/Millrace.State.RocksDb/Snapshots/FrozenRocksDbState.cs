using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>The state of a backend as it was when it was frozen: the store, and the changes that it does not have yet.</summary>
/// <remarks>
/// Written in two steps. <em>Settling</em>: the changes are written to the store, and then the store is kept as it is, by linking its files or by a snapshot;
/// as long as this has not happened, the subtask may not write to the store itself. Then the files, or the entries, are handed over, while the store goes on.
/// </remarks>
internal sealed class FrozenRocksDbState : FrozenKeyedState
{
    private const int BatchLength = 1 << 20;
    private const int Idle = 0;
    private const int Settling = 1;
    private const int Settled = 2;

    private readonly Lock _gate = new();
    private readonly StoreSession _session;
    private readonly IReadOnlyList<FrozenGroup> _groups;
    private readonly IReadOnlyList<StoredState> _states;
    private readonly UploadedFiles _uploaded;
    private readonly long _checkpointId;
    private readonly uint _epoch;
    private readonly string _directory;

    private int _phase;
    private bool _isFlushed;
    private Exception? _failure;
    private nint _snapshot;
    private bool _isTaken;

    // Whoever is to write it, or to dispose of it, and the subtask while it settles it.
    private int _users = 1;
    private volatile bool _isDisposed;

    /// <param name="session">The backend's.</param>
    /// <param name="groups">The changes.</param>
    /// <param name="states">All states in the store.</param>
    /// <param name="uploaded">What earlier checkpoints have uploaded.</param>
    /// <param name="checkpointId">The checkpoint.</param>
    /// <param name="directory">Where to link files to; does not exist yet.</param>
    public FrozenRocksDbState(
        StoreSession session, IReadOnlyList<FrozenGroup> groups, IReadOnlyList<StoredState> states, UploadedFiles uploaded, long checkpointId, string directory)
    {
        _session = session;
        _groups = groups;
        _states = states;
        _uploaded = uploaded;
        _checkpointId = checkpointId;
        _epoch = session.Epoch;
        _directory = directory;
        session.Store.Retain();
    }

    /// <summary>Whether the store may be written to again.</summary>
    public bool IsSettled => Volatile.Read(ref _phase) == Settled;

    /// <summary>For the subtask, which has to write to the store: settles the state if nobody has begun to, or waits for whoever has.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            if (_users == 0)
            {
                return;
            }

            _users++;
        }

        try
        {
            // It is not known yet which of the two will be asked for.
            Settle(withFiles: true, withSnapshot: true, CancellationToken.None);
        }
        catch (Exception exception) when (exception is RocksDbSharp.RocksDbException or IOException or OperationCanceledException)
        {
            // Told to whoever writes the checkpoint. The changes are still in the cache, so that nothing is lost.
        }
        finally
        {
            Release();
        }
    }

    public override void WriteCanonical(KeyedStateWriter writer, CancellationToken cancellationToken)
    {
        Begin();
        try
        {
            Settle(withFiles: false, withSnapshot: true, cancellationToken);
            CanonicalStates.Write(_session, _states, _snapshot, writer, () => ThrowIfAbandoned(cancellationToken));
        }
        finally
        {
            End();
        }
    }

    public override NativeSnapshot? WriteNative(NativeSnapshotTarget target, CancellationToken cancellationToken)
    {
        Begin();
        bool isComplete = false;
        try
        {
            Settle(withFiles: true, withSnapshot: false, cancellationToken);
            var files = new List<StateFile>();
            var shared = target.MayShare ? _uploaded.ThatMayBeNamed(_checkpointId) : [];
            foreach (string path in Directory.EnumerateFiles(_directory).Order(StringComparer.Ordinal))
            {
                ThrowIfAbandoned(cancellationToken);
                string name = Path.GetFileName(path);
                bool mayShare = name.EndsWith(".sst", StringComparison.Ordinal);
                files.Add(mayShare && shared.TryGetValue(name, out var there) ? there : target.Upload(path, name, mayShare && target.MayShare, cancellationToken));
            }

            if (target.MayShare)
            {
                _uploaded.Written(_checkpointId, files);
            }

            isComplete = true;
            return new NativeSnapshot(_session.Range, files, SnapshotMetadata.Write(_session.MaxParallelism, _states));
        }
        finally
        {
            if (!isComplete)
            {
                _uploaded.Aborted(_checkpointId);
            }

            End();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        if (Interlocked.CompareExchange(ref _phase, Settled, Idle) == Idle)
        {
            DropChanges();
        }

        lock (_gate)
        {
            if (_isTaken)
            {
                return;
            }

            _isTaken = true;
        }

        Release();
    }

    private void Begin()
    {
        lock (_gate)
        {
            if (_isTaken)
            {
                throw _isDisposed
                    ? new OperationCanceledException("The frozen state has been disposed of.")
                    : new InvalidOperationException("The frozen state has been written already.");
            }

            _isTaken = true;
        }
    }

    private void End()
    {
        // A failure before anything was settled.
        if (Interlocked.CompareExchange(ref _phase, Settled, Idle) == Idle)
        {
            DropChanges();
        }

        Release();
    }

    private void Settle(bool withFiles, bool withSnapshot, CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _phase, Settling, Idle) == Idle)
        {
            try
            {
                WriteChanges(cancellationToken);
                if (withFiles)
                {
                    _session.Store.Checkpoint(_directory);
                }

                if (withSnapshot)
                {
                    _snapshot = _session.Store.CreateSnapshot();
                }

                _session.Flushed = _epoch;
                _isFlushed = true;
            }
            catch (Exception exception)
            {
                _failure = exception;
                throw;
            }
            finally
            {
                DropChanges();
                lock (_session)
                {
                    Volatile.Write(ref _phase, Settled);
                    Monitor.PulseAll(_session);
                }
            }

            return;
        }

        lock (_session)
        {
            while (!IsSettled)
            {
                Monitor.Wait(_session);
            }
        }

        if (!_isFlushed)
        {
            throw _failure ?? new OperationCanceledException("The frozen state has been disposed of.");
        }
    }

    private void WriteChanges(CancellationToken cancellationToken)
    {
        var buffer = new StoreBatch();
        foreach (var group in _groups)
        {
            ThrowIfAbandoned(cancellationToken);
            group.WriteTo(buffer);
            if (buffer.Length >= BatchLength)
            {
                _session.Store.Write(buffer);
                buffer.Clear();
            }
        }

        _session.Store.Write(buffer);
    }

    private void DropChanges()
    {
        foreach (var group in _groups)
        {
            group.Drop();
        }
    }

    private void Release()
    {
        lock (_gate)
        {
            if (--_users > 0)
            {
                return;
            }
        }

        if (_snapshot != 0)
        {
            _session.Store.ReleaseSnapshot(_snapshot);
            _snapshot = 0;
        }

        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }

        _session.Store.Release();
    }

    private void ThrowIfAbandoned(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_isDisposed)
        {
            throw new OperationCanceledException("The frozen state has been disposed of while it was written.");
        }
    }
}
