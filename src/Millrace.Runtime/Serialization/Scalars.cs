using System.Numerics;
using System.Text;

namespace Millrace.Runtime.Serialization;

/// <summary>The scalars that the format knows, by type and by name.</summary>
internal static class Scalars
{
    private static readonly Dictionary<Type, object> ByType = [];
    private static readonly Dictionary<string, int> FixedSizes = [];

    static Scalars()
    {
        Integer<byte>();
        Integer<sbyte>();
        Integer<short>();
        Integer<ushort>();
        Integer<int>();
        Integer<uint>();
        Integer<long>();
        Integer<ulong>();
        Integer<Int128>();
        Integer<UInt128>();
        Fixed<bool, BooleanFormat>();
        Fixed<char, CharFormat>();
        Fixed<Rune, RuneFormat>();
        Fixed<Half, HalfFormat>();
        Fixed<float, SingleFormat>();
        Fixed<double, DoubleFormat>();
        Fixed<decimal, DecimalFormat>();
        Fixed<Guid, GuidFormat>();
        Fixed<DateTime, DateTimeFormat>();
        Fixed<DateTimeOffset, DateTimeOffsetFormat>();
        Fixed<TimeSpan, TimeSpanFormat>();
        Fixed<DateOnly, DateOnlyFormat>();
        Fixed<TimeOnly, TimeOnlyFormat>();
        ByType.Add(typeof(BigInteger), new ScalarSerializer<BigInteger, BigIntegerFormat>());
        ByType.Add(typeof(string), new ScalarSerializer<string?, StringFormat>());
        ByType.Add(typeof(Uri), new ScalarSerializer<Uri?, UriFormat>());
        ByType.Add(typeof(Version), new ScalarSerializer<Version?, VersionFormat>());
    }

    public static ShapeSerializer<T>? Find<T>() => ByType.TryGetValue(typeof(T), out object? serializer) ? (ShapeSerializer<T>)serializer : null;

    public static bool Contains(Type type) => ByType.ContainsKey(type);

    /// <summary>The size of a scalar; null where it varies or the name is not known.</summary>
    public static int? SizeOf(string name) => FixedSizes.TryGetValue(name, out int size) ? size : null;

    /// <summary>Whether a scalar is text: a count, then as many bytes.</summary>
    public static bool IsText(string name) => name is "string" or "uri" or "version";

    private static void Integer<T>()
        where T : unmanaged, IBinaryInteger<T> => Fixed<T, IntegerFormat<T>>();

    private static void Fixed<T, TFormat>()
        where TFormat : struct, IScalarFormat<T>
    {
        ByType.Add(typeof(T), new ScalarSerializer<T, TFormat>());
        FixedSizes.Add(TFormat.Name, TFormat.MinBytes);
    }
}
