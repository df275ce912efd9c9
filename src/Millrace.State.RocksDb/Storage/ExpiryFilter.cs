using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>Drops entries that have expired when RocksDB rewrites the files they are in. Which values carry a time, <see cref="StoreKey"/> says.</summary>
/// <remarks>
/// RocksDB asks for a filter with every compaction, on threads of its own, and is given one only where something can expire. It owns what is behind <see cref="Factory"/>, and releases it with
/// the options and the store, whichever is last: <see cref="LetExpire"/> is for as long as the store is open.
/// </remarks>
internal sealed unsafe class ExpiryFilter
{
    private static readonly nint Name = Marshal.StringToHGlobalAnsi("millrace.expiry");

    // In native memory, because the filter runs without any managed object at hand: whether there is any horizon, then the horizon of each state, 0 where there is none.
    private readonly long* _horizons;

    public ExpiryFilter()
    {
        _horizons = (long*)NativeMemory.AllocZeroed(1 + StoreKey.MaxStates + 1, sizeof(long));
        Factory = Native.Instance.rocksdb_compactionfilterfactory_create(
            (nint)_horizons,
            (nint)(delegate* unmanaged[Cdecl]<nint, void>)&Free,
            (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint>)&Create,
            (nint)(delegate* unmanaged[Cdecl]<nint, nint>)&NameOf);
    }

    /// <summary>What RocksDB makes filters with. Belongs to the options that it is given to.</summary>
    public nint Factory { get; }

    /// <summary>Says what may be dropped from here on.</summary>
    /// <param name="state">The state's number.</param>
    /// <param name="horizon">Entries that were last used then or before, in milliseconds since 1970.</param>
    public void LetExpire(ushort state, long horizon)
    {
        Volatile.Write(ref _horizons[1 + (state & StoreKey.MaxStates)], Math.Max(0, horizon));
        Volatile.Write(ref _horizons[0], 1);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(nint horizons) => NativeMemory.Free((void*)horizons);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Create(nint horizons, nint context) =>
        Volatile.Read(ref *(long*)horizons) == 0
            ? 0
            : Native.Instance.rocksdb_compactionfilter_create(
                horizons,
                (nint)(delegate* unmanaged[Cdecl]<nint, void>)&Keep,
                (nint)(delegate* unmanaged[Cdecl]<nint, int, byte*, nuint, byte*, nuint, byte**, nuint*, byte*, byte>)&IsExpired,
                (nint)(delegate* unmanaged[Cdecl]<nint, nint>)&NameOf);

    // The horizons are the factory's.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Keep(nint horizons)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint NameOf(nint horizons) => Name;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsExpired(nint horizons, int level, byte* key, nuint keyLength, byte* value, nuint valueLength, byte** newValue, nuint* newValueLength, byte* valueChanged)
    {
        if (keyLength < StoreKey.PrefixLength || valueLength < StoreKey.LastUseLength)
        {
            return 0;
        }

        ushort state = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(key, StoreKey.StateLength));
        if ((state & StoreKey.ExpiringStates) == 0)
        {
            return 0;
        }

        long horizon = Volatile.Read(ref ((long*)horizons)[1 + (state & StoreKey.MaxStates)]);
        return horizon > 0 && StoreKey.LastUseOf(new ReadOnlySpan<byte>(value, (int)valueLength)) <= horizon ? (byte)1 : (byte)0;
    }
}
