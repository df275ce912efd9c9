using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Tests.FaultTolerance;

/// <summary>The state backends of the matrix: the heap, and RocksDB with so small a cache that entries leave it all the time.</summary>
internal sealed class MatrixBackends : IDisposable
{
    // Less than the smallest tables take: whatever does not fit into those has to go to the store.
    private const long CacheBytes = 1024;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-matrix-").FullName;
    private RocksDbStateBackend? _last;

    /// <summary>What a run is to be given, for one start after the other.</summary>
    public IReadOnlyList<Func<StateBackend?>> All => [() => null, StartRocksDb];

    /// <summary>How many starts there were with RocksDB.</summary>
    public int RocksDbStarts { get; private set; }

    public void Dispose()
    {
        _last?.Abandon();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
        Directory.Delete(_folder, recursive: true);
    }

    private RocksDbStateBackend StartRocksDb()
    {
        // The process before has been killed, and a killed process of a simulation closes nothing.
        _last?.Abandon();
        RocksDbStarts++;
        return _last = new RocksDbStateBackend(new RocksDbOptions { Directory = _folder, MemoryBudget = 1 << 20 }, CacheBytes);
    }
}
