using System.Numerics;
using System.Text;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The hashers of scalars, by type.</summary>
internal static class ScalarHashers
{
    private static readonly Dictionary<Type, object> ByType = new()
    {
        [typeof(byte)] = new ScalarHasher<byte, IntegerHash<byte>>(),
        [typeof(sbyte)] = new ScalarHasher<sbyte, IntegerHash<sbyte>>(),
        [typeof(short)] = new ScalarHasher<short, IntegerHash<short>>(),
        [typeof(ushort)] = new ScalarHasher<ushort, IntegerHash<ushort>>(),
        [typeof(int)] = new ScalarHasher<int, IntegerHash<int>>(),
        [typeof(uint)] = new ScalarHasher<uint, IntegerHash<uint>>(),
        [typeof(long)] = new ScalarHasher<long, IntegerHash<long>>(),
        [typeof(ulong)] = new ScalarHasher<ulong, IntegerHash<ulong>>(),
        [typeof(Int128)] = new ScalarHasher<Int128, Int128Hash>(),
        [typeof(UInt128)] = new ScalarHasher<UInt128, UInt128Hash>(),
        [typeof(BigInteger)] = new ScalarHasher<BigInteger, BigIntegerHash>(),
        [typeof(bool)] = new ScalarHasher<bool, BooleanHash>(),
        [typeof(char)] = new ScalarHasher<char, CharHash>(),
        [typeof(Rune)] = new ScalarHasher<Rune, RuneHash>(),
        [typeof(Half)] = new ScalarHasher<Half, HalfHash>(),
        [typeof(float)] = new ScalarHasher<float, SingleHash>(),
        [typeof(double)] = new ScalarHasher<double, DoubleHash>(),
        [typeof(decimal)] = new ScalarHasher<decimal, DecimalHash>(),
        [typeof(string)] = new ScalarHasher<string?, StringHash>(),
        [typeof(Guid)] = new ScalarHasher<Guid, GuidHash>(),
        [typeof(DateTime)] = new ScalarHasher<DateTime, DateTimeHash>(),
        [typeof(DateTimeOffset)] = new ScalarHasher<DateTimeOffset, DateTimeOffsetHash>(),
        [typeof(TimeSpan)] = new ScalarHasher<TimeSpan, TimeSpanHash>(),
        [typeof(DateOnly)] = new ScalarHasher<DateOnly, DateOnlyHash>(),
        [typeof(TimeOnly)] = new ScalarHasher<TimeOnly, TimeOnlyHash>(),
        [typeof(Version)] = new ScalarHasher<Version?, VersionHash>(),
    };

    public static StableHasher<T>? Find<T>() => ByType.TryGetValue(typeof(T), out object? hasher) ? (StableHasher<T>)hasher : null;
}
