using System.Collections.Immutable;
using System.Numerics;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using PolyType;

namespace Millrace.Runtime.Tests.Serialization;

public sealed class EvolutionTests
{
    [Fact]
    public void ForReading_SameShape_IsTheSerializerItself()
    {
        Same<Flight, Flight>();
        Same<Tree, Tree>();
        Same<Shape, Shape>();
        Same<Flight, Renamed>();
        Same<Tree, RenamedTree>();
        Same<int[], ImmutableArray<int>>();
        Same<HashSet<string>, List<string>>();
        Same<SortedDictionary<string, int>, Dictionary<string, int>>();
        Same<Small, SmallRenamedValue>();
    }

    [Fact]
    public void Members_can_be_added_removed_and_reordered()
    {
        var read = Bytes.Evolve<V1, V2>(new V1(1, "a", [1, 2], new Point(3, 4)), new V1(2, null, [], default), new V1(3, "c", [9], new Point(5, 6)));
        Assert.Equal([new V2(new Point(3, 4), 9, 1, null), new V2(default, 9, 2, null), new V2(new Point(5, 6), 9, 3, null)], read);
        var settable = Bytes.Evolve<SettableV1, SettableV2>(new SettableV1 { Number = 4 }).Single();
        Assert.Equal((4, "new"), (settable.Number, settable.Text));
    }

    [Fact]
    public void Everything_that_is_removed_is_passed_over()
    {
        var all = new All(
            1, "text", 1.5, 2m, BigInteger.Pow(3, 500), new Uri("urn:b"), [1, 2, 3], ["x", null], new() { ["k"] = [new Point(1, 2)] }, 5, null,
            new Circle(1, 2), new Tree(1, new Tree(2, null, null), null), new Node { Children = [new Node()] }, Level.High, new Nothing(), [new Flight("a", 1, default)]);
        var read = Bytes.Evolve<Wrapped<All>, Unwrapped>(new Wrapped<All>(1, all, 2), new Wrapped<All>(3, all with { Text = null, Array = null }, 4));
        Assert.Equal([new Unwrapped(1, 2), new Unwrapped(3, 4)], read);
        var sole = Bytes.Evolve<All, Nothing>(all);
        Assert.Equal([new Nothing()], sole);
        Assert.Equal([new Unwrapped(0, 0)], Bytes.Evolve<Nothing, Unwrapped>(new Nothing()));
        Assert.Equal([null, new Unwrapped(1, 2)], Bytes.Evolve<Wrapped<All>?, Unwrapped?>(null, new Wrapped<All>(1, all, 2)));
    }

    [Fact]
    public void Numbers_can_be_widened()
    {
        Widens<byte, short>(byte.MaxValue, byte.MaxValue);
        Widens<byte, ushort>(7, 7);
        Widens<short, int>(short.MinValue, short.MinValue);
        Widens<int, long>(int.MinValue, int.MinValue);
        Widens<uint, ulong>(uint.MaxValue, uint.MaxValue);
        Widens<uint, long>(uint.MaxValue, uint.MaxValue);
        Widens<int, double>(int.MinValue, int.MinValue);
        Widens<float, double>(1.5f, 1.5);
        Widens<float, double>(float.NaN, double.NaN);
        Widens<long, decimal>(long.MaxValue, long.MaxValue);
        Widens<ulong, Int128>(ulong.MaxValue, ulong.MaxValue);
        Widens<long, BigInteger>(-5, -5);
        Widens<int, int?>(4, 4);
        Widens<int, long?>(4, 4);
        Widens<int?, long?>(null, null);
        Widens<Point, Point?>(new Point(1, 2), new Point(1, 2));
        Assert.Equal([1L, 2L], Bytes.Evolve<int[], List<long>>([1, 2]).Single());
        Assert.Equal(new Dictionary<long, double> { [1] = 2 }, Bytes.Evolve<Dictionary<int, float>, Dictionary<long, double>>(new Dictionary<int, float> { [1] = 2 }).Single());
        Assert.Equal([(1L, 2.5)], Bytes.Evolve<(int, float), (long, double)>((1, 2.5f)));
    }

    [Fact]
    public void Enums_are_read_by_number()
    {
        Assert.Equal([(SmallMore)1, (SmallMore)2], Bytes.Evolve<Small, SmallMore>(Small.One, Small.Two));
        Assert.Equal([(SmallFewer)1, (SmallFewer)2], Bytes.Evolve<Small, SmallFewer>(Small.One, Small.Two));
        Assert.Equal([SmallWider.One, SmallWider.Two], Bytes.Evolve<Small, SmallWider>(Small.One, Small.Two));
        Assert.Contains("One was 1 and is 2 now", Incompatible<Small, SmallMoved>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Recursive_types_can_change()
    {
        var read = Bytes.Evolve<Tree, WideTree>(new Tree(1, new Tree(2, null, new Tree(3, null, null)), null)).Single();
        Assert.Equal((1L, 2L, 3L), (read.Value, read.Left!.Value, read.Left.Right!.Value));
        Assert.Equal("new", read.Left.Right.Added);

        // The written tree refers to itself through a member that is gone.
        Assert.Equal([new LeftOnly(new LeftOnly(null))], Bytes.Evolve<Tree, LeftOnly>(new Tree(1, new Tree(2, null, new Tree(3, null, null)), new Tree(4, null, null))));
        Assert.Equal([new Unwrapped(1, 2)], Bytes.Evolve<Wrapped<Tree>, Unwrapped>(new Wrapped<Tree>(1, new Tree(5, new Tree(6, null, null), null), 2)));
    }

    [Fact]
    public void Unions_are_read_by_name_of_case()
    {
        Assert.Equal([new CarV2("c", 2, 0), new BikeV2(5), null], Bytes.Evolve<Vehicle, VehicleV2>(new Car("c", 2), new Bike(5), null!));
        Assert.Contains("the case Circle is gone", Incompatible<Shape, OnlyRectangle>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Changes_that_would_lose_something_are_refused()
    {
        Assert.Equal(
            "MR4101: Has<Wrapped<int>>.Value.B was written as string, but int is expected, which is int32. Members may be added, removed and reordered, "
            + "and numbers widened without loss; for any other change keep the old member and add one of another name.",
            Incompatible<Has<Wrapped<string>>, Has<Wrapped<int>>>());
        Incompatible<long, int>();
        Incompatible<long, double>();
        Incompatible<int, float>();
        Incompatible<double, float>();
        Incompatible<int?, int>();
        Incompatible<int, uint>();
        Incompatible<string, int>();
        Incompatible<List<int>, int>();
        Incompatible<Flight, int>();
        Incompatible<int, DayOfWeek>();
        Incompatible<Dictionary<int, int>, List<int>>();
        Assert.StartsWith("MR4101: Dictionary<int, int>[value] was written as string, but int is expected", Incompatible<Dictionary<int, string>, Dictionary<int, int>>(), StringComparison.Ordinal);
        Assert.StartsWith("MR4101: List<Point>[].X was written as string", Incompatible<List<Wrapped3>, List<Point>>(), StringComparison.Ordinal);
    }

    [Fact]
    public void ForReading_AnotherShape_OnlyReads()
    {
        var reading = TypeSerializers.Get<long>().ForReading(TypeSchema.Scalar("int32"));
        Assert.Throws<NotSupportedException>(() => Bytes.Of(reading, 1L));
        Assert.Equal("int32", reading.Schema.ToString());
        Assert.Same(TypeSerializers.Get<long>(), reading.ForReading(TypeSchema.Scalar("int64")));
    }

    [Fact]
    public void Schemas_are_canonical()
    {
        Assert.Equal("Flight{Origin:string,Delay:int32,At:datetimeoffset}?", TypeSerializers.Get<Flight>().Schema.ToString());
        Assert.Equal("Reading{Sensor:int64,Value:float32,At:Point{X:float64,Y:float64},Battery:int32?}", TypeSerializers.Get<Reading>().Schema.ToString());
        Assert.Equal("Tree{Value:int32,Left:ref Tree?,Right:ref Tree?}?", TypeSerializers.Get<Tree>().Schema.ToString());
        Assert.Equal("list<Node{Name:string,Next:ref Node?,Children:list<ref Node?>}?>", TypeSerializers.Get<List<Node>>().Schema.ToString());
        Assert.Equal("union Animal{Dog:Dog{Tricks:int32,Name:string},Animal:Animal#2{Name:string}}", TypeSerializers.Get<Animal>().Schema.ToString());
        Assert.Equal("enum Level:uint8{Low,High}", TypeSerializers.Get<Level>().Schema.ToString());
        Assert.Equal("map<string,list<uint8>>", TypeSerializers.Get<Dictionary<string, byte[]>>().Schema.ToString());
        string[] scalars = [Name<bool>(), Name<byte>(), Name<sbyte>(), Name<short>(), Name<ushort>(), Name<int>(), Name<uint>(), Name<long>(), Name<ulong>(), Name<Int128>(), Name<UInt128>(),
            Name<Half>(), Name<float>(), Name<double>(), Name<decimal>(), Name<char>(), Name<System.Text.Rune>(), Name<string>(), Name<Guid>(), Name<DateTime>(), Name<DateTimeOffset>(),
            Name<TimeSpan>(), Name<DateOnly>(), Name<TimeOnly>(), Name<Uri>(), Name<Version>(), Name<BigInteger>()];
        Assert.Equal(
            "bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 int128 uint128 float16 float32 float64 decimal char rune string guid datetime datetimeoffset timespan date time uri version bigint",
            string.Join(' ', scalars));
    }

    [Fact]
    public void Schemas_round_trip_through_bytes()
    {
        foreach (var schema in new[]
        {
            TypeSerializers.Get<Flight>().Schema, TypeSerializers.Get<Shape>().Schema, TypeSerializers.Get<Node>().Schema, TypeSerializers.Get<Level>().Schema,
            TypeSerializers.Get<All>().Schema, TypeSerializers.Get<int>().Schema, new TypeSchema(SchemaKind.Opaque, "own", [], []),
        })
        {
            byte[] bytes = Bytes.OfSchema(schema);
            Assert.Equal(schema, Bytes.ReadSchema(bytes));
            for (int length = 0; length < bytes.Length; length++)
            {
                var error = Record.Exception(() => Bytes.ReadSchema(bytes.AsSpan(0, length)));
                Assert.True(error is EndOfStreamException or InvalidDataException);
            }
        }

        Assert.Equal("0100" + "05" + "696e743332" + "0000", Convert.ToHexStringLower(Bytes.OfSchema(TypeSchema.Scalar("int32"))));
        Assert.Throws<InvalidDataException>(() => Bytes.ReadSchema([2, 0, 0, 0, 0]));
        Assert.Throws<InvalidDataException>(() => Bytes.ReadSchema([1, 9, 0, 0, 0]));
        Assert.Throws<InvalidDataException>(() => Bytes.ReadSchema([1, 4, 0, 0, 0]));
    }

    private static string Name<T>() => TypeSerializers.Get<T>().Schema.Name;

    private static void Same<TOld, TNew>() =>
        Assert.Same(TypeSerializers.Get<TNew>(), TypeSerializers.Get<TNew>().ForReading(Bytes.ReadSchema(Bytes.OfSchema(TypeSerializers.Get<TOld>().Schema))));

    private static void Widens<TOld, TNew>(TOld written, TNew expected)
    {
        Assert.Equal([expected, expected], Bytes.Evolve<TOld, TNew>(written, written));
        Assert.Equal([new Has<TNew>(expected)], Bytes.Evolve<Has<TOld>, Has<TNew>>(new Has<TOld>(written)));
    }

    private static string Incompatible<TOld, TNew>()
    {
        var exception = Assert.Throws<StateIncompatibleException>(() => TypeSerializers.Get<TNew>().ForReading(TypeSerializers.Get<TOld>().Schema));
        Assert.Equal("MR4101", exception.Code);
        return exception.Message;
    }

    public sealed record Has<T>(T Value);

    public sealed record Renamed(string Origin, int Delay, DateTimeOffset At);

    public sealed record RenamedTree(int Value, RenamedTree? Left, RenamedTree? Right);

    public sealed record V1(int Number, string? Text, int[] Numbers, Point Point);

    public sealed record V2(Point Point, int Added = 9, long Number = 0, string? Other = null);

    public sealed class SettableV1
    {
        public int Number { get; set; }
    }

    public sealed class SettableV2
    {
        public string Text { get; set; } = "new";

        public int Number { get; set; }
    }

    public sealed record Wrapped<T>(int A, T B, int C);

    public sealed record Unwrapped(int A, int C);

    public record struct Wrapped3(string X, double Y);

    public sealed record All(
        int Number, string? Text, double Double, decimal Decimal, BigInteger Big, Uri Uri, int[]? Array, List<string?> Strings, Dictionary<string, Point[]> Map,
        int? Some, int? None, Shape Shape, Tree Tree, Node Node, Level Level, Nothing Nothing, Flight[] Flights);

    public sealed record WideTree(long Value, WideTree? Left, WideTree? Right, string Added = "new");

    public sealed record LeftOnly(LeftOnly? Left, int Added = 0);

    public enum Small
    {
        One = 1,
        Two = 2,
    }

    public enum SmallMore
    {
        Zero,
        One,
        Two,
        Three,
    }

    public enum SmallFewer
    {
        One = 1,
    }

    public enum SmallRenamedValue
    {
        Uno = 1,
        Two = 2,
    }

    public enum SmallMoved
    {
        Two = 1,
        One = 2,
    }

    public enum SmallWider : long
    {
        One = 1,
        Two = 2,
    }

    [DerivedTypeShape(typeof(Car), Name = "car")]
    [DerivedTypeShape(typeof(Bike), Name = "bike")]
    public abstract record Vehicle;

    public sealed record Car(string Name, int Doors) : Vehicle;

    public sealed record Bike(int Gears) : Vehicle;

    [DerivedTypeShape(typeof(BikeV2), Name = "bike")]
    [DerivedTypeShape(typeof(Train), Name = "train")]
    [DerivedTypeShape(typeof(CarV2), Name = "car")]
    public abstract record VehicleV2;

    public sealed record CarV2(string Name, long Doors, int Seats) : VehicleV2;

    public sealed record BikeV2(int Gears) : VehicleV2;

    public sealed record Train : VehicleV2;

    [DerivedTypeShape(typeof(OnlyRectangleCase), Name = "Rectangle")]
    public abstract record OnlyRectangle(int Id);

    public sealed record OnlyRectangleCase(int Id, double Width, double Height) : OnlyRectangle(Id);
}
