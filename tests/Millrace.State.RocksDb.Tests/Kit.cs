using System.IO.Hashing;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Tests;

/// <summary>Makes keyed state with caches of any size, in a folder that is removed at the end.</summary>
internal sealed class Kit : IDisposable
{
    public const int MaxParallelism = 8;

    private readonly SharedMemory _memory = new(4 << 20, 1 << 20);
    private int _made;

    /// <param name="cacheBytes">What all caches may take together.</param>
    public Kit(long cacheBytes = 1 << 20)
    {
        Budget = new MemoryBudget(cacheBytes);
        Folder = Directory.CreateTempSubdirectory("millrace-rocksdb-").FullName;
    }

    public static KeyGroupRange All { get; } = new(0, MaxParallelism);

    public MemoryBudget Budget { get; }

    public SharedMemory Memory => _memory;

    public string Folder { get; }

    public int Closed { get; private set; }

    public static ISerializerProvider Serializers { get; } = new SerializerProvider(new SerializerRegistry());

    public static KeyedStateContext<TKey> ContextOf<TKey>(KeyGroupRange range, int maxParallelism = MaxParallelism) =>
        new("job", "operator", "uid", 0, range, maxParallelism, Serializers.Get<TKey>(), Serializers.GetHasher<TKey>(), NullLogger.Instance);

    public static StateTableDescriptor<VoidNamespace, T> ValueOf<T>(string name) =>
        new(name, KeyedStateKind.Value, VoidNamespaceSerializer.Instance, null, new ValueStateSerializer<T>(Serializers.Get<T>()));

    public static StateTableDescriptor<TNamespace, T> ValueOf<TNamespace, T>(string name) =>
        new(name, KeyedStateKind.Value, Serializers.Get<TNamespace>(), null, new ValueStateSerializer<T>(Serializers.Get<T>()));

    public static HeapKeyedStateBackend<TKey> Heap<TKey>(KeyGroupRange range) =>
        new(range, MaxParallelism, Serializers.Get<TKey>(), Serializers.GetHasher<TKey>());

    public static KeyedStateStore<TKey> StoreOf<TKey>(KeyedStateBackend<TKey> backend) => new(backend, Serializers.GetHasher<TKey>(), Serializers);

    public static MemoryKeyedState CanonicalOf<TKey>(KeyedStateBackend<TKey> backend, long checkpoint = 1) =>
        MemoryOf(backend.Freeze(checkpoint));

    public static MemoryKeyedState MemoryOf(FrozenKeyedState frozen) => MemoryKeyedState.Of(frozen, MaxParallelism, TestContext.Current.CancellationToken);

    public RocksDbKeyedState<TKey> Open<TKey>(KeyGroupRange range, int maxParallelism = MaxParallelism) =>
        new(ContextOf<TKey>(range, maxParallelism), Budget, _memory, Path.Combine(Folder, $"state-{++_made}"), () => Closed++);

    public RocksDbKeyedState<TKey> Open<TKey>() => Open<TKey>(All);

    public void Dispose()
    {
        _memory.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>A storage in memory, which forgets files that no retained checkpoint names, as the engine does.</summary>
internal sealed class TestStorage : NativeSnapshotSource
{
    private readonly Dictionary<string, byte[]> _files = [];
    private int _last;

    /// <summary>Bytes uploaded so far.</summary>
    public long Uploaded { get; private set; }

    public int FileCount => _files.Count;

    /// <summary>Whether its checkpoints belong to the job that goes on from them.</summary>
    public bool IsOwn { get; init; }

    public override bool MayShare(StateFile file) => IsOwn && file.Path.StartsWith("shared/", StringComparison.Ordinal);

    public NativeSnapshotTarget TargetOf(long checkpoint, bool mayShare = true) => new Target(this, checkpoint, mayShare);

    public NativeSnapshot Write(FrozenKeyedState frozen, long checkpoint, bool mayShare = true)
    {
        using (frozen)
        {
            return frozen.WriteNative(TargetOf(checkpoint, mayShare), TestContext.Current.CancellationToken)!;
        }
    }

    /// <summary>Forgets all but what these snapshots name.</summary>
    public void Retain(params IEnumerable<NativeSnapshot> snapshots)
    {
        var named = snapshots.SelectMany(snapshot => snapshot.Files).Select(file => file.Path).ToHashSet();
        foreach (string path in _files.Keys.Where(path => !named.Contains(path)).ToList())
        {
            _files.Remove(path);
        }
    }

    public void Damage(StateFile file) => _files[file.Path][(int)file.Length / 2] ^= 1;

    /// <summary>Called when a file has been downloaded.</summary>
    public Action? Downloaded { get; set; }

    public override void Download(StateFile file, string localPath, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_files.TryGetValue(file.Path, out byte[]? bytes) || XxHash3.HashToUInt64(bytes) != file.Checksum)
        {
            throw new MillraceException("MR3000", $"File {file.Name} is missing or damaged.");
        }

        Assert.False(File.Exists(localPath));
        File.WriteAllBytes(localPath, bytes);
        Downloaded?.Invoke();
    }

    private sealed class Target(TestStorage storage, long checkpoint, bool mayShare) : NativeSnapshotTarget
    {
        public override long CheckpointId => checkpoint;

        public override bool MayShare => mayShare;

        public override StateFile Upload(string localPath, string name, bool isShared, CancellationToken cancellationToken)
        {
            byte[] bytes = File.ReadAllBytes(localPath);
            string path = $"{(isShared ? "shared" : $"chk-{checkpoint}")}/{++storage._last}";
            storage._files[path] = bytes;
            storage.Uploaded += bytes.Length;
            return new StateFile(name, path, bytes.Length, XxHash3.HashToUInt64(bytes));
        }
    }
}
