using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Numerics;
using System.Text;
using CsCheck;
using Millrace.Runtime.Serialization;

namespace Millrace.Runtime.Tests.Serialization;

public sealed class RoundTripTests
{
    private static readonly Gen<string> Text = Gen.String[Gen.Char['\0', '\uD7FF'], 0, 300];

    [Fact]
    public void Scalars_come_back()
    {
        Check(Gen.Bool);
        Check(Gen.Byte);
        Check(Gen.SByte);
        Check(Gen.Short);
        Check(Gen.UShort);
        Check(Gen.Int);
        Check(Gen.UInt);
        Check(Gen.Long);
        Check(Gen.ULong);
        Check(Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new UInt128(high, low)));
        Check(Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new Int128(high, low)));
        Check(Gen.Float);
        Check(Gen.Double);
        Check(Gen.Float.Select(f => (Half)f));
        Check(Gen.Decimal);
        Check(Gen.Char);
        Check(Text);
        Check(Gen.Guid);
        Check(Gen.DateTime);
        Check(Gen.DateTimeOffset);
        Check(Gen.TimeSpan);
        Check(Gen.DateOnly);
        Check(Gen.TimeOnly);
        Check(Gen.Byte.Array.Select(b => new BigInteger(b)));
        Check(Gen.Int[0, 0xD7FF].Select(i => new Rune(i)));
        Check(Gen.Int.Nullable());
        Check(Gen.Enum<DayOfWeek>());
        Check(Gen.Enum<Level>());
    }

    [Fact]
    public void Edge_values_come_back()
    {
        Same(double.NaN, double.NegativeZero, double.Epsilon, double.MaxValue, double.NegativeInfinity);
        Same(float.NaN, float.NegativeZero, float.PositiveInfinity);
        Same(Half.NaN, Half.MinValue);
        Same(Int128.MinValue, Int128.MaxValue);
        Same(decimal.MinValue, decimal.MaxValue, 1.00m, -0.0m, 0.0000000000000000000000000001m);
        Same(DateTime.MinValue, DateTime.MaxValue, DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Local));
        Same(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromMinutes(-570)));
        Same(TimeSpan.MinValue, TimeSpan.MaxValue);
        Same(DateOnly.MinValue, DateOnly.MaxValue);
        Same(TimeOnly.MinValue, TimeOnly.MaxValue);
        Same("", "\0", "🜁 ö", new string('ä', 10_000), null);
        Same(BigInteger.Zero, BigInteger.MinusOne, BigInteger.Pow(-7, 2_000));
        Same(new Uri("https://example.org/a b?q=ö"), new Uri("/relative", UriKind.Relative), null);
        Same(new Version(1, 2), new Version(1, 2, 3, 4), null);
        Same<int?>(null, 0, int.MinValue);
        Same((Level)77);
        Assert.Equal(DateTimeKind.Utc, Bytes.RoundTrip(new DateTime(5, DateTimeKind.Utc)).Kind);
        Assert.Equal(DateTimeKind.Local, Bytes.RoundTrip(new DateTime(5, DateTimeKind.Local)).Kind);
        Assert.Equal(TimeSpan.FromHours(14), Bytes.RoundTrip(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(14))).Offset);
        Assert.Equal(decimal.GetBits(1.00m), decimal.GetBits(Bytes.RoundTrip(1.00m)));
        Assert.True(double.IsNegative(Bytes.RoundTrip(double.NegativeZero)));
    }

    [Fact]
    public void Objects_come_back()
    {
        Check(Gen.Select(Text, Gen.Int, Gen.DateTimeOffset, (origin, delay, at) => new Flight(origin, delay, at)));
        Check(Gen.Select(Gen.Double, Gen.Double, (x, y) => new Point(x, y)));
        Check(Gen.Select(Gen.Long, Gen.Float, Gen.Double, Gen.Int.Nullable(), (s, v, x, b) => new Reading(s, v, new Point(x, -x), b)));
        Check(Gen.Select(Gen.Int, Text));
        Check(Gen.Select(Gen.Int, Gen.Int, Gen.Int, (a, b, c) => (a, b, c, a, b, c, a, b, c, "ten", a, b, c, a, b, c, "last")));
        Check(Gen.Select(Gen.Int, Text, (a, b) => new Tuple<int, string, int, int, int, int, int, Tuple<string, int>>(a, b, a, a, a, a, a, new(b, a))));
        Check(Gen.Select(Gen.Int, Text, KeyValuePair.Create));
        Check(Gen.Int.Select(_ => new Nothing()));
        Same<Flight?>(null, new Flight("A", 1, default));
        Same<Point?>(null, new Point(1, 2));
    }

    [Fact]
    public void Objects_with_setters_come_back()
    {
        var settable = Bytes.RoundTrip(new Settable { Number = 3, Text = null, Points = [new(1, 2)] });
        Assert.Equal((3, null, new Point(1, 2)), (settable.Number, settable.Text, settable.Points!.Single()));

        var initialized = Bytes.RoundTrip(new Initialized { Name = "n", Count = 9, Numbers = [1, 2] });
        Assert.Equal(("n", 9, "1,2"), (initialized.Name, initialized.Count, string.Join(',', initialized.Numbers)));

        var privatelySet = new PrivatelySet(4);
        privatelySet.Change(5);
        privatelySet = Bytes.RoundTrip(privatelySet);
        Assert.Equal((4, 5), (privatelySet.First, privatelySet.Second));

        var mutable = Bytes.RoundTrip(new Mutable { A = 1, B = "b" });
        Assert.Equal((1, "b"), (mutable.A, mutable.B));
    }

    [Fact]
    public void Collections_come_back()
    {
        Check(Gen.Int.Array);
        Check(Gen.Byte.Array);
        Check(Text.Array);
        Check(Gen.Int.List);
        Check(Gen.Int.Array.Array);
        Elements(Gen.Int.Array.Select(a => (IList<int>)a));
        Elements(Gen.Int.List.Select(a => (IReadOnlyList<int>)a));
        Elements(Gen.Int.List.Select(a => (IEnumerable<int>)a.Select(x => x + 1)));
        Elements(Gen.Int.List.Select(a => (ICollection<int>)new LinkedList<int>(a)));
        Unordered(Gen.Int.List.Select(a => a.ToHashSet()));
        Unordered(Gen.Int.List.Select(a => (ISet<int>)a.ToHashSet()));
        Unordered(Gen.Int.List.Select(a => (IReadOnlySet<int>)a.ToFrozenSet()));
        Elements(Gen.Int.List.Select(a => new Queue<int>(a)));
        Elements(Gen.Int.List.Select(a => new Stack<int>(a)));
        Elements(Gen.Int.List.Select(a => new ConcurrentStack<int>(a)));
        Elements(Gen.Int.List.Select(a => new ConcurrentQueue<int>(a)));
        Elements(Gen.Int.List.Select(a => new SortedSet<int>(a)));
        Elements(Gen.Int.List.Select(a => a.ToImmutableList()));
        Unordered(Gen.Int.List.Select(a => a.ToImmutableHashSet()));
        Elements(Gen.Int.List.Select(a => a.ToImmutableSortedSet()));
        Elements(Gen.Int.List.Select(a => ImmutableStack.CreateRange(a)));
        Elements(Gen.Int.List.Select(a => ImmutableQueue.CreateRange(a)));
        Unordered(Gen.Int.List.Select(a => a.ToFrozenSet()));
        Elements(Gen.Int.List.Select(a => new ReadOnlyCollection<int>(a)));
        Elements(Gen.Int.List.Select(a => new LinkedList<int>(a)));
        Elements(Gen.Int.Array.Select(a => a.ToImmutableArray()));
        Gen.Int.Array.Sample(a => Bytes.RoundTrip<Memory<int>>(a).ToArray().SequenceEqual(a));
        Gen.Byte.Array.Sample(a => Bytes.RoundTrip<ReadOnlyMemory<byte>>(a).ToArray().SequenceEqual(a));
        Same<List<int>?>(null, []);
        Same<int[]?>(null, []);
        Assert.True(Bytes.RoundTrip(default(ImmutableArray<int>)).IsDefault);
    }

    [Fact]
    public void Dictionaries_come_back()
    {
        var gen = Gen.Dictionary(Text, Gen.Int.Nullable());
        Unordered(gen);
        Unordered(gen.Select(d => (IDictionary<string, int?>)d));
        Unordered(gen.Select(d => (IDictionary<string, int?>)new SortedDictionary<string, int?>(d, StringComparer.Ordinal)));
        Unordered(gen.Select(d => (IReadOnlyDictionary<string, int?>)d));
        Unordered(gen.Select(d => d.ToImmutableDictionary()));
        Unordered(gen.Select(d => d.ToFrozenDictionary()));
        Unordered(gen.Select(d => new ConcurrentDictionary<string, int?>(d)));
        Elements(Gen.Dictionary(Gen.Int, Gen.Int).Select(d => new SortedDictionary<int, int>(d)));
        Elements(Gen.Dictionary(Gen.Int, Gen.Int).Select(d => d.ToImmutableSortedDictionary()));
        Same<Dictionary<int, int>?>(null, []);
        var nested = new Dictionary<(int, string), List<Dictionary<Guid, Reading?[]>>> { [(1, "a")] = [[], new() { [Guid.Empty] = [null, new Reading(1, 2, default, 3)] }] };
        Assert.Equivalent(nested, Bytes.RoundTrip(nested), strict: true);
    }

    [Fact]
    public void Recursive_types_come_back()
    {
        Tree? Build(int depth) => depth <= 0 ? null : new Tree(depth, Build(depth - 1), depth % 2 == 0 ? null : Build(depth - 2));
        Same(Build(12));
        var node = new Node { Name = "root", Children = [new Node { Name = "a", Next = new Node { Name = "b" } }, new Node()] };
        Assert.Equivalent(node, Bytes.RoundTrip(node), strict: true);
    }

    [Fact]
    public void Unions_come_back()
    {
        Same<Shape?>(new Circle(1, 2), new Rectangle(2, 3, 4), null);
        Same<Animal>(new Animal("a"), new Dog("b", 3));
        var group = (Group)Bytes.RoundTrip<Shape>(new Group(1, [new Circle(2, 3), new Group(4, [])]));
        Assert.Equal(new Circle(2, 3), group.Parts[0]);
        Assert.Empty(((Group)group.Parts[1]).Parts);
        Assert.Equal(new Circle(5, 6), Bytes.RoundTrip(new Circle(5, 6)));
        Assert.Equal([new Circle(5, 6)], Bytes.RoundTrip(new Group(1, [new Circle(5, 6)])).Parts);
    }

    [Fact]
    public void Copies_are_deep_where_values_can_change()
    {
        var serializer = TypeSerializers.Get<Settable>();
        var original = new Settable { Number = 1, Points = [new(1, 2)] };
        var copy = serializer.Copy(original);
        Assert.False(serializer.IsImmutable);
        Assert.NotSame(original, copy);
        Assert.NotSame(original.Points, copy.Points);
        Assert.Equivalent(original, copy, strict: true);

        var map = new Dictionary<string, int[]> { ["a"] = [1] };
        var mapCopy = TypeSerializers.Get<Dictionary<string, int[]>>().Copy(map);
        Assert.NotSame(map["a"], mapCopy["a"]);
        Assert.Equal(map["a"], mapCopy["a"]);

        var group = new Group(1, [new Circle(1, 1)]);
        var groupCopy = (Group)TypeSerializers.Get<Shape>().Copy(group);
        Assert.NotSame(group.Parts, groupCopy.Parts);
        Assert.Same(group.Parts[0], groupCopy.Parts[0]);

        var stack = new Stack<int>([1, 2, 3]);
        Assert.Equal(stack, TypeSerializers.Get<Stack<int>>().Copy(stack));
        var flight = new Flight("a", 1, default);
        Assert.Same(flight, TypeSerializers.Get<Flight>().Copy(flight));
    }

    [Fact]
    public void IsImmutable_is_true_only_where_values_can_be_shared()
    {
        Assert.True(TypeSerializers.Get<int>().IsImmutable);
        Assert.True(TypeSerializers.Get<string>().IsImmutable);
        Assert.True(TypeSerializers.Get<Flight>().IsImmutable);
        Assert.True(TypeSerializers.Get<Reading>().IsImmutable);
        Assert.True(TypeSerializers.Get<Mutable>().IsImmutable);
        Assert.True(TypeSerializers.Get<(int, string)>().IsImmutable);
        Assert.True(TypeSerializers.Get<Tree>().IsImmutable);
        Assert.True(TypeSerializers.Get<ImmutableArray<Flight>>().IsImmutable);
        Assert.True(TypeSerializers.Get<Circle>().IsImmutable);
        Assert.True(TypeSerializers.Get<Initialized>().IsImmutable);
        Assert.False(TypeSerializers.Get<int[]>().IsImmutable);
        Assert.False(TypeSerializers.Get<Settable>().IsImmutable);
        Assert.False(TypeSerializers.Get<PrivatelySet>().IsImmutable);
        Assert.False(TypeSerializers.Get<Node>().IsImmutable);
        Assert.False(TypeSerializers.Get<Shape>().IsImmutable);
        Assert.False(TypeSerializers.Get<(int, List<int>)>().IsImmutable);
        Assert.False(TypeSerializers.Get<ImmutableArray<Settable>>().IsImmutable);
    }

    private static void Check<T>(Gen<T> gen)
    {
        gen.Sample(value => Assert.Equal(value, Bytes.RoundTrip(value)), iter: 200);
        CheckBatch(gen);
    }

    private static void CheckBatch<T>(Gen<T> gen)
    {
        var serializer = TypeSerializers.Get<T>();
        gen.Array[0, 50].Sample(values => Assert.Equal(values, Bytes.ReadBatch(serializer, Bytes.OfBatch<T>(serializer, values), values.Length)), iter: 50);
    }

    private static void Elements<T>(Gen<T> gen)
        where T : System.Collections.IEnumerable => gen.Sample(value => Assert.Equal(value.Cast<object>(), Bytes.RoundTrip(value).Cast<object>()), iter: 50);

    private static void Unordered<T>(Gen<T> gen)
        where T : System.Collections.IEnumerable => gen.Sample(
            value => Assert.True(value.Cast<object>().ToHashSet().SetEquals(Bytes.RoundTrip(value).Cast<object>())), iter: 50);

    private static void Same<T>(params T[] values)
    {
        var serializer = TypeSerializers.Get<T>();
        Assert.Equal(values, values.Select(Bytes.RoundTrip));
        Assert.Equal(values, Bytes.ReadBatch(serializer, Bytes.OfBatch<T>(serializer, values), values.Length));
    }
}
