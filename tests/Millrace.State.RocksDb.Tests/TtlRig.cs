using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Tests;

/// <summary>State of either backend, with a clock that stands still until it is moved.</summary>
public abstract class TtlRig : IDisposable
{
    private protected TtlRig()
    {
    }

    internal static StateTtl Ten { get; } = new(TimeSpan.FromMilliseconds(10));

    internal Kit StateKit { get; } = new();

    internal ManualClock Clock { get; } = new();

    public void Dispose()
    {
        StateKit.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static KeyedStateReader Canonical(KeyedStateStore<int> store) => Kit.MemoryOf(store.Freeze(1));

    internal KeyedStateStore<int> Open(bool rocksDb, KeyedStateReader? from = null)
    {
        KeyedStateBackend<int> backend = rocksDb ? StateKit.Open<int>() : Kit.Heap<int>(Kit.All);
        var store = new KeyedStateStore<int>(backend, Kit.Serializers.GetHasher<int>(), Kit.Serializers, Clock);
        if (from is not null)
        {
            store.Restore([from]);
        }

        return store;
    }
}
