using System.Numerics;
using CsCheck;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;

namespace Millrace.Runtime.Tests.Serialization;

public sealed class StableHasherTests
{
    [Fact]
    public void Hash_OfEachKind_IsPinned()
    {
        // A change of one of these moves keys to other key groups, where their state is not found.
        string[] hashes =
        [
            Hex(0), Hex(1), Hex(-1), Hex((byte)200), Hex(ulong.MaxValue), Hex(Int128.MaxValue), Hex(UInt128.MaxValue), Hex(true), Hex('x'), Hex(1.5), Hex(1.5f), Hex((Half)1.5), Hex(1.50m),
            Hex(""), Hex("LHR"), Hex(new string('a', 300)), Hex<string?>(null), Hex(new Guid("00112233-4455-6677-8899-aabbccddeeff")), Hex(new DateTime(2024, 1, 2, 3, 4, 5)),
            Hex(new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.FromHours(1))), Hex(TimeSpan.FromSeconds(1)), Hex(new DateOnly(2024, 1, 2)), Hex(new TimeOnly(3, 4)),
            Hex(BigInteger.Pow(10, 30)), Hex(new Version(1, 2)), Hex(Level.High), Hex<int?>(null), Hex<int?>(1), Hex((1, "a")), Hex(new Tuple<int, string>(1, "a")), Hex(new Flight("LHR", 5, default)),
            Hex(new Point(1, 2)), Hex(new Tree(1, new Tree(2, null, null), null)), Hex<Animal>(new Dog("a", 1)), Hex<Animal>(new Animal("a")), Hex(new IgnoresCase("AbC")), Hex(new Nothing()),
        ];
        Assert.Equal(Golden.Hashes, hashes);
    }

    [Fact]
    public void Hash_WithAndWithoutCodeThatIsMade_IsTheSame()
    {
        Same(new Flight("LHR", 5, default), new Flight("", -1, default));
        Same(new Point(1, 2), new Point(-1, 0));
        Same((1, "a", 2.5m, (3L, Level.High)), (0, null!, 0m, (-3L, default)));
        Same((1, 2, 3, 4, 5, 6, 7, 8, 9), (9, 8, 7, 6, 5, 4, 3, 2, 1));
        Same(new Tuple<int, string>(1, "a"), null!);
        Same(new Tree(1, new Tree(2, null, null), null), new Tree(3, null, null));
        Same<Animal>(new Dog("a", 1), new Animal("a"));
        Same(new Has<Has<int?>>(new Has<int?>(5)), new Has<Has<int?>>(new Has<int?>(null)));

        static void Same<T>(params T[] keys)
        {
            Assert.True(HasherBuilder.TryBuild<T>(out var compiled, out _));
            Assert.True(HasherBuilder.TryBuild<T>(out var interpreted, out _, compiles: false));
            Assert.All(keys, key => Assert.Equal(interpreted.Hash(key), compiled.Hash(key)));
        }
    }

    [Fact]
    public void Hash_EqualKeys_AreEqual()
    {
        Equal(0.0, -0.0);
        Equal(double.NaN, BitConverter.Int64BitsToDouble(0x7FF8_0000_0000_0001));
        Equal(0.0f, -0.0f);
        Equal(Half.Zero, Half.NegativeZero);
        Equal(1.0m, 1.00m);
        Equal(0m, -0.000m);
        Equal(1e10m, 10_000_000_000.000000m);
        Equal(new DateTime(5, DateTimeKind.Utc), new DateTime(5, DateTimeKind.Local));
        Equal(new DateTimeOffset(2024, 1, 1, 1, 0, 0, TimeSpan.FromHours(1)), new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Equal(new IgnoresCase("abc"), new IgnoresCase("ABC"));
        Equal((1.0m, -0.0, "a"), (1.00m, 0.0, "a"));
        Equal(new Flight("x", 1, default), new Flight("x", 1, default));
        Gen.Decimal.Sample(d => Equal(d, d + 0.00m), iter: 1_000);
    }

    [Fact]
    public void Hash_KeyThatIsWidened_StaysTheSame()
    {
        Assert.Equal(Hex(-5), Hex(-5L));
        Assert.Equal(Hex((short)-5), Hex((Int128)(-5)));
        Assert.Equal(Hex(5), Hex<long?>(5));
        Assert.Equal(Hex(7u), Hex(new BigInteger(7)));
        Assert.Equal(Hex(1.5f), Hex(1.5));
    }

    [Fact]
    public void Hash_UpperBits_SpreadKeysOverKeyGroups()
    {
        const int Keys = 128_000;
        var counts = new int[128];
        var pairs = StableHashers.Get<(int, int)>();
        var texts = StableHashers.Get<string>();
        var numbers = StableHashers.Get<long>();
        for (int key = 0; key < Keys; key++)
        {
            counts[numbers.Hash(key) >> 57]++;
            counts[numbers.Hash((long)key << 40) >> 57]++;
            counts[pairs.Hash((key % 400, key / 400)) >> 57]++;
            counts[texts.Hash(key.ToString(System.Globalization.CultureInfo.InvariantCulture)) >> 57]++;
        }

        // 4,000 expected in each; the standard deviation is 63.
        Assert.All(counts, count => Assert.InRange(count, 3_600, 4_400));
    }

    [Fact]
    public void Hash_OfTheUsualKeys_AllocatesNothing()
    {
        NoAllocation("key");
        NoAllocation(5);
        NoAllocation(Guid.Empty);
        NoAllocation(1.50m);
        NoAllocation((1, "a", 2.5));
        NoAllocation(new Flight("a", 1, default));
        NoAllocation<int?>(4);
        NoAllocation(Level.High);
        NoAllocation(new IgnoresCase("a"));
    }

    [Fact]
    public void WhyNotAKey_KeysWithValueEquality_IsNull()
    {
        Assert.Null(KeyTypes.WhyNotAKey<int>());
        Assert.Null(KeyTypes.WhyNotAKey<double>());
        Assert.Null(KeyTypes.WhyNotAKey<string>());
        Assert.Null(KeyTypes.WhyNotAKey<(int, string, Flight)>());
        Assert.Null(KeyTypes.WhyNotAKey<Flight>());
        Assert.Null(KeyTypes.WhyNotAKey<Mutable>());
        Assert.Null(KeyTypes.WhyNotAKey<Tree>());
        Assert.Null(KeyTypes.WhyNotAKey<Animal>());
        Assert.Null(KeyTypes.WhyNotAKey<IgnoresCase>());
        Assert.Null(KeyTypes.WhyNotAKey<OwnEquality>());
        Assert.Null(KeyTypes.WhyNotAKey<DayOfWeek?>());
    }

    [Fact]
    public void WhyNotAKey_OtherTypes_NamesTheMember()
    {
        NoKey<int[]>("int[] is a collection (int[])");
        NoKey<Dictionary<int, int>>("Dictionary<int, int> is a collection");
        NoKey<Settable>("Settable is a class without an equality of its own");
        NoKey<(int, byte[])>("(int, byte[]).Item2 is a collection (byte[])");
        NoKey<Has<Has<Settable>>>("Has<Has<Settable>>.Value.Value is a class without an equality of its own (Settable)");
        NoKey<Has<List<int>>>("Has<List<int>>.Value is a collection (List<int>)");
        NoKey<object>("object is object: ");
        NoKey<Has<IComparable>>("Has<IComparable>.Value is an interface (IComparable)");
        NoKey<Uri>("Uri is a Uri");
        NoKey<ReadOnlyMemory<byte>>("ReadOnlyMemory<byte> is a collection");
        NoKey<Has<Action>>("Has<Action>.Value is a delegate");
        Assert.Equal("MR1104", Assert.Throws<MillraceException>(StableHashers.Get<int[]>).Code);
    }

    private static string Hex<T>(T key) => StableHashers.Get<T>().Hash(key).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    private static void Equal<T>(T one, T other)
    {
        Assert.True(EqualityComparer<T>.Default.Equals(one, other));
        Assert.Equal(Hex(one), Hex(other));
    }

    private static void NoKey<T>(string start)
    {
        string? reason = KeyTypes.WhyNotAKey<T>();
        Assert.NotNull(reason);
        Assert.StartsWith(start, reason, StringComparison.Ordinal);
    }

    private static void NoAllocation<T>(T key)
    {
        var hasher = StableHashers.Get<T>();
        ulong sum = hasher.Hash(key);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            sum += hasher.Hash(key);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(1ul, sum);
    }

    public sealed record Has<T>(T Value);

    public sealed class IgnoresCase(string text) : IEquatable<IgnoresCase>, IStableHashable
    {
        public string Text { get; } = text;

        public bool Equals(IgnoresCase? other) => string.Equals(Text, other?.Text, StringComparison.OrdinalIgnoreCase);

        public override bool Equals(object? obj) => Equals(obj as IgnoresCase);

        public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Text);

        public ulong GetStableHash() => (ulong)Text.Length;
    }

    public sealed class OwnEquality(int number)
    {
        public int Number { get; } = number;

        public override bool Equals(object? obj) => obj is OwnEquality other && other.Number == Number;

        public override int GetHashCode() => Number;
    }
}
