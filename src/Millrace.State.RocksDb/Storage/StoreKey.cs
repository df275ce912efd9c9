using System.Buffers.Binary;
using Millrace.State.Backends;

namespace Millrace.State.RocksDb.Storage;

/// <summary>How keys look in the store.</summary>
/// <remarks>
/// <code>
/// entry         state:u16 big-endian  key group:u16 big-endian  key  namespace → value
/// waiting part  state:u16 big-endian  key group:u16 big-endian  part:u32 big-endian → count:u32 little-endian, entries
/// </code>
/// Key and namespace are as their serializers write them, and a serializer knows where what it wrote ends: two different pairs never have the same bytes, and
/// neither needs a length. One column family holds all states, so that they share one set of write buffers, and a state, or a key group of it,
/// is one contiguous range.
/// <para>
/// A state whose values may expire has <see cref="ExpiringStates"/> set in its number: each of its values ends with eight bytes, the time in milliseconds since 1970
/// (little-endian) when it was last used. So other states pay nothing for it, and a compaction sees it without knowing any types.
/// </para>
/// </remarks>
internal static class StoreKey
{
    public const int StateLength = 2;
    public const int PrefixLength = 4;
    public const ushort ExpiringStates = 0x8000;
    public const int LastUseLength = 8;

    /// <summary>State numbers that can be given away.</summary>
    public const int MaxStates = 0x7FFF;

    public static void WritePrefix(Span<byte> prefix, ushort state, int group)
    {
        BinaryPrimitives.WriteUInt16BigEndian(prefix, state);
        BinaryPrimitives.WriteUInt16BigEndian(prefix[StateLength..], (ushort)group);
    }

    /// <summary>When the value of a state whose values may expire was last used.</summary>
    public static long LastUseOf(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt64LittleEndian(value[^LastUseLength..]);

    public static int GroupOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt16BigEndian(key[StateLength..]);

    /// <summary>The first key of a group, or of the group after the last.</summary>
    public static byte[] StartOf(ushort state, int group)
    {
        byte[] key = new byte[PrefixLength];
        WritePrefix(key, state, group);
        return key;
    }

    /// <summary>The bounds of a range of key groups: the second is behind the last key.</summary>
    public static (byte[] Start, byte[] End) BoundsOf(ushort state, KeyGroupRange range) => (StartOf(state, range.Start), StartOf(state, range.End));
}
