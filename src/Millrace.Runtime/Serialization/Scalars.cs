using System.Numerics;
using System.Text;

namespace Millrace.Runtime.Serialization;

/// <summary>The scalars that the format knows, by type and by name.</summary>
internal static class Scalars
{
    // Made when somebody asks, and no generic method is called for them before: compiling the code of all of them would be a tenth of the start of a process's first job.
    private static readonly Dictionary<Type, Lazy<object>> ByType = [];
    private static readonly List<Func<(string Name, int Bytes)>> Sizes = [];
    private static readonly Lazy<Dictionary<string, int>> FixedSizes = new(static () => Sizes.Select(size => size()).ToDictionary(size => size.Name, size => size.Bytes));

    static Scalars()
    {
        Fixed(typeof(byte), Make<byte, IntegerFormat<byte>>, Size<byte, IntegerFormat<byte>>);
        Fixed(typeof(sbyte), Make<sbyte, IntegerFormat<sbyte>>, Size<sbyte, IntegerFormat<sbyte>>);
        Fixed(typeof(short), Make<short, IntegerFormat<short>>, Size<short, IntegerFormat<short>>);
        Fixed(typeof(ushort), Make<ushort, IntegerFormat<ushort>>, Size<ushort, IntegerFormat<ushort>>);
        Fixed(typeof(int), Make<int, IntegerFormat<int>>, Size<int, IntegerFormat<int>>);
        Fixed(typeof(uint), Make<uint, IntegerFormat<uint>>, Size<uint, IntegerFormat<uint>>);
        Fixed(typeof(long), Make<long, IntegerFormat<long>>, Size<long, IntegerFormat<long>>);
        Fixed(typeof(ulong), Make<ulong, IntegerFormat<ulong>>, Size<ulong, IntegerFormat<ulong>>);
        Fixed(typeof(Int128), Make<Int128, IntegerFormat<Int128>>, Size<Int128, IntegerFormat<Int128>>);
        Fixed(typeof(UInt128), Make<UInt128, IntegerFormat<UInt128>>, Size<UInt128, IntegerFormat<UInt128>>);
        Fixed(typeof(bool), Make<bool, BooleanFormat>, Size<bool, BooleanFormat>);
        Fixed(typeof(char), Make<char, CharFormat>, Size<char, CharFormat>);
        Fixed(typeof(Rune), Make<Rune, RuneFormat>, Size<Rune, RuneFormat>);
        Fixed(typeof(Half), Make<Half, HalfFormat>, Size<Half, HalfFormat>);
        Fixed(typeof(float), Make<float, SingleFormat>, Size<float, SingleFormat>);
        Fixed(typeof(double), Make<double, DoubleFormat>, Size<double, DoubleFormat>);
        Fixed(typeof(decimal), Make<decimal, DecimalFormat>, Size<decimal, DecimalFormat>);
        Fixed(typeof(Guid), Make<Guid, GuidFormat>, Size<Guid, GuidFormat>);
        Fixed(typeof(DateTime), Make<DateTime, DateTimeFormat>, Size<DateTime, DateTimeFormat>);
        Fixed(typeof(DateTimeOffset), Make<DateTimeOffset, DateTimeOffsetFormat>, Size<DateTimeOffset, DateTimeOffsetFormat>);
        Fixed(typeof(TimeSpan), Make<TimeSpan, TimeSpanFormat>, Size<TimeSpan, TimeSpanFormat>);
        Fixed(typeof(DateOnly), Make<DateOnly, DateOnlyFormat>, Size<DateOnly, DateOnlyFormat>);
        Fixed(typeof(TimeOnly), Make<TimeOnly, TimeOnlyFormat>, Size<TimeOnly, TimeOnlyFormat>);
        ByType.Add(typeof(BigInteger), new Lazy<object>(Make<BigInteger, BigIntegerFormat>));
        ByType.Add(typeof(string), new Lazy<object>(Make<string?, StringFormat>));
        ByType.Add(typeof(Uri), new Lazy<object>(Make<Uri?, UriFormat>));
        ByType.Add(typeof(Version), new Lazy<object>(Make<Version?, VersionFormat>));
    }

    public static ShapeSerializer<T>? Find<T>() => ByType.TryGetValue(typeof(T), out var serializer) ? (ShapeSerializer<T>)serializer.Value : null;

    public static bool Contains(Type type) => ByType.ContainsKey(type);

    /// <summary>The size of a scalar; null where it varies or the name is not known.</summary>
    public static int? SizeOf(string name) => FixedSizes.Value.TryGetValue(name, out int size) ? size : null;

    /// <summary>Whether a scalar is text: a count, then as many bytes.</summary>
    public static bool IsText(string name) => name is "string" or "uri" or "version";

    private static void Fixed(Type type, Func<object> make, Func<(string Name, int Bytes)> size)
    {
        ByType.Add(type, new Lazy<object>(make));
        Sizes.Add(size);
    }

    private static object Make<T, TFormat>()
        where TFormat : struct, IScalarFormat<T> => new ScalarSerializer<T, TFormat>();

    private static (string Name, int Bytes) Size<T, TFormat>()
        where TFormat : struct, IScalarFormat<T> => (TFormat.Name, TFormat.MinBytes);
}
