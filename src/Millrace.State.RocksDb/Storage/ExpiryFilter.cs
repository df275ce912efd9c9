using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RocksDbSharp;

namespace Millrace.State.RocksDb.Storage;

/// <summary>Drops entries that have expired when RocksDB rewrites the files they are in. Which values carry a time, <see cref="StoreKey"/> says.</summary>
/// <remarks>RocksDB calls it on threads of its own. It must outlive the stores that use it.</remarks>
internal sealed unsafe class ExpiryFilter : IDisposable
{
    // The time lives in native memory, because the filter runs without any managed object at hand.
    private long* _now;
    private nint _filter;
    private static readonly nint FilterName = Marshal.StringToHGlobalAnsi("millrace.expiry");

    public ExpiryFilter()
    {
        _now = (long*)NativeMemory.AllocZeroed(sizeof(long));
        _filter = Native.Instance.rocksdb_compactionfilter_create(
            (nint)_now,
            (nint)(delegate* unmanaged[Cdecl]<nint, void>)&Destroy,
            (nint)(delegate* unmanaged[Cdecl]<nint, int, byte*, nuint, byte*, nuint, byte**, nuint*, byte*, byte>)&IsExpired,
            (nint)(delegate* unmanaged[Cdecl]<nint, byte*>)&NameOf);
    }

    public nint Handle => _filter;

    /// <summary>The time that entries are held against, in milliseconds since 1970.</summary>
    public long Now
    {
        get => Volatile.Read(ref *_now);
        set => Volatile.Write(ref *_now, value);
    }

    public void Dispose()
    {
        if (_filter != 0)
        {
            Native.Instance.rocksdb_compactionfilter_destroy(_filter);
            NativeMemory.Free(_now);
            _filter = 0;
            _now = null;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(nint state)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* NameOf(nint state) => (byte*)FilterName;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsExpired(nint state, int level, byte* key, nuint keyLength, byte* value, nuint valueLength, byte** newValue, nuint* newValueLength, byte* valueChanged)
    {
        if (keyLength < StoreKey.PrefixLength || valueLength < StoreKey.ExpiryLength
            || (BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(key, StoreKey.StateLength)) & StoreKey.ExpiringStates) == 0)
        {
            return 0;
        }

        long expiry = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(value + (valueLength - StoreKey.ExpiryLength), StoreKey.ExpiryLength));
        return expiry != 0 && expiry <= Volatile.Read(ref *(long*)state) ? (byte)1 : (byte)0;
    }
}
