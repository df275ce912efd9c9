using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Tests.FaultTolerance;

/// <summary>The state backends of the matrix: the heap, and RocksDB with so small a cache that entries leave it all the time.</summary>
internal sealed class MatrixBackends : IDisposable
{
    // Less than the smallest tables take: whatever does not fit into those has to go to the store.
    private const long CacheBytes = 1024;

    private const string MemoryFolder = "/dev/shm";

    private readonly string _folder = Directory.CreateDirectory(Path.Combine(Parent, $"millrace-matrix-{Guid.NewGuid():N}")).FullName;
    private RocksDbStateBackend? _last;

    /// <summary>For a run that stays with RocksDB.</summary>
    public IReadOnlyList<Func<StateBackend?>> RocksDb => [StartRocksDb];

    /// <summary>For a run that goes from one backend to the other.</summary>
    public IReadOnlyList<Func<StateBackend?>> HeapAndRocksDb => [() => null, StartRocksDb];

    /// <summary>How many starts there were with RocksDB.</summary>
    public int RocksDbStarts { get; private set; }

    // Thousands of small stores are opened and forced to the disk, which is what takes the time: in memory, where there is enough of it.
    private static string Parent =>
        OperatingSystem.IsLinux() && Directory.Exists(MemoryFolder) && new DriveInfo(MemoryFolder).AvailableFreeSpace > 1L << 30 ? MemoryFolder : Path.GetTempPath();

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
