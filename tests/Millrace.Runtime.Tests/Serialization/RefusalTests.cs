using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using PolyType;

namespace Millrace.Runtime.Tests.Serialization;

public sealed class RefusalTests
{
    [Fact]
    public void Get_MemberThatIsADelegate_NamesItsPath()
    {
        var exception = Assert.Throws<MillraceException>(TypeSerializers.Get<Order>);
        Assert.Equal("MR1101", exception.Code);
        Assert.StartsWith("MR1101: Order.Customer.Callback is a delegate (Action): ", exception.Message, StringComparison.Ordinal);
        Assert.Equal(exception.Message, "MR1101: " + TypeSerializers.WhyNotSerializable<Order>());
    }

    [Fact]
    public void WhyNotSerializable_TypeThatIsFine_IsNull()
    {
        Assert.Null(TypeSerializers.WhyNotSerializable<Flight>());
        Assert.Null(TypeSerializers.WhyNotSerializable<int>());
        Assert.Null(TypeSerializers.WhyNotSerializable<Dictionary<string, List<Shape>>>());
        Assert.Null(TypeSerializers.WhyNotSerializable<LeavesOut>());
        Assert.Null(TypeSerializers.WhyNotSerializable<Conventional>());
    }

    [Fact]
    public void WhyNotSerializable_KindsThatAreRefused_SaysWhichAndWhy()
    {
        Refused<object>("object is object: ");
        Refused<Action<int>>("Action<int> is a delegate (Action<int>): ");
        Refused<Task<int>>("Task<int> is a task (Task<int>): ");
        Refused<List<object>>("List<object>[] is object: ");
        Refused<Dictionary<string, Stream>>("Dictionary<string, Stream>[value] is a stream (Stream): ");
        Refused<(int, Type)>("(int, Type).Item2 is reflection data (Type): ");
        Refused<Has<CancellationToken>>("Has<CancellationToken>.Value is a CancellationToken: ");
        Refused<Has<nint>>("Has<IntPtr>.Value is a pointer (IntPtr): ");
        Refused<Has<IComparable>>("Has<IComparable>.Value is an interface (IComparable): ");
        Refused<Has<IThing>>("Has<IThing>.Value is an interface (IThing): ");
        Refused<Has<AbstractThing>>("Has<AbstractThing>.Value is abstract (AbstractThing): ");
        Refused<Has<Lazy<int>>>("Has<Lazy<int>>.Value is lazy (Lazy<int>): ");
        Refused<Has<int[,]>>("Has<int[,]>.Value is an array of several dimensions (int[,])");
        Refused<Has<IAsyncEnumerable<int>>>("Has<IAsyncEnumerable<int>>.Value is an asynchronous sequence");
        Refused<Has<System.Collections.IList>>("Has<IList>.Value[] is object: ");
        Refused<Has<System.Text.StringBuilder>>("Has<StringBuilder>.Value is a type of the framework for which the engine has no format (System.Text.StringBuilder)");
        Refused<Has<Exception>>("Has<Exception>.Value is a type of the framework");
        Refused<Has<NoConstructor>>("Has<NoConstructor>.Value is NoConstructor, which has no public constructor");
        Refused<SelfList>("SelfList[] is a collection that contains itself (SelfList)");
        Assert.StartsWith("is a pointer (int*): ", Refusals.Find(typeof(int).MakePointerType()), StringComparison.Ordinal);
    }

    [Fact]
    public void WhyNotSerializable_DataThatCannotBeRestored_NamesTheMember()
    {
        Refused<GetOnly>("GetOnly.Number holds data, but cannot be restored");
        Refused<ReadOnlyField>("ReadOnlyField.Number is a read-only field");
        Refused<PrivateState>("PrivateState.sum is a private field, which is not written");
        Refused<OtherParameter>("OtherParameter cannot be restored: no member of OtherParameter that can be read gives the constructor's parameter text (string)");
    }

    [Fact]
    public void Write_ValueOfASubclass_NamesBothTypes()
    {
        var exception = Assert.Throws<MillraceException>(() => Bytes.Of(new Holder(new Child(1, 2))));
        Assert.Equal("MR1102", exception.Code);
        Assert.Contains("Child", exception.Message, StringComparison.Ordinal);
        Assert.Contains("where Parent is declared", exception.Message, StringComparison.Ordinal);
        Assert.Throws<MillraceException>(() => Bytes.OfBatch(TypeSerializers.Get<Parent>(), [new Child(1, 2)]));
        Assert.Throws<MillraceException>(() => Bytes.Of<List<int>>(new SubList()));
        Assert.Throws<MillraceException>(() => Bytes.Of<Shape>(new Undeclared(1)));
        Assert.Equal(new Holder(new Parent(1)), Bytes.RoundTrip(new Holder(new Parent(1))));
    }

    [Fact]
    public void Write_ReferencesInACircle_IsAnErrorAndNoStackOverflow()
    {
        var node = new Node();
        node.Next = node;
        Assert.Equal("MR1103", Assert.Throws<MillraceException>(() => Bytes.Of(node)).Code);
        Assert.Equal("MR1103", Assert.Throws<MillraceException>(() => TypeSerializers.Get<Node>().Copy(node)).Code);
        Assert.Equal("MR1103", Assert.Throws<MillraceException>(() => Bytes.OfBatch<Node>(TypeSerializers.Get<Node>(), [node])).Code);
        var children = new Node();
        children.Children.Add(children);
        Assert.Equal("MR1103", Assert.Throws<MillraceException>(() => Bytes.Of(children)).Code);

        // The depth that was counted is given back.
        Assert.Equal("x", Bytes.RoundTrip(new Node { Name = "x" }).Name);
    }

    [Fact]
    public void Write_NearlyTooDeep_Works()
    {
        Tree? tree = null;
        for (int depth = 0; depth < Depth.Limit; depth++)
        {
            tree = new Tree(depth, tree, null);
        }

        Assert.Equal(Depth.Limit - 1, Bytes.RoundTrip(tree)!.Value);
    }

    [Fact]
    public void Register_OwnSerializer_IsUsedWhereverTheTypeOccurs()
    {
        var registry = new SerializerRegistry();
        Assert.NotNull(registry.WhyNotSerializable<Has<NoConstructor>>());
        registry.Register(new OwnSerializer());
        var serializer = registry.Get<Dictionary<int, Has<NoConstructor?>?>>();
        var value = new Dictionary<int, Has<NoConstructor?>?> { [1] = new(NoConstructor.Of(5)), [2] = new(null), [3] = null };
        var back = Bytes.Read(serializer, Bytes.Of(serializer, value));
        Assert.Equal(5, back[1]!.Value!.Number);
        Assert.Null(back[2]!.Value);
        Assert.Null(back[3]);
        Assert.Equal("map<int32,Has<NoConstructor>{Value:opaque<own>?}?>", serializer.Schema.ToString());
        Assert.IsType<OwnSerializer>(registry.Get<NoConstructor>());
        Assert.NotNull(TypeSerializers.WhyNotSerializable<NoConstructor>());
    }

    [Fact]
    public async Task Get_ManyThreadsAtOnce_MakesOneSerializerThatAllCanUse()
    {
        for (int round = 0; round < 20; round++)
        {
            var registry = new SerializerRegistry();
            using var start = new Barrier(4);
            var serializers = await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    var serializer = thread % 2 == 0 ? registry.Get<Node>() : (object)registry.Get<List<Node>>();
                    var node = new Node { Name = $"{thread}", Children = [new Node()] };
                    for (int i = 0; i < 100; i++)
                    {
                        Assert.Equal(node.Name, Bytes.Read(registry.Get<Node>(), Bytes.Of(registry.Get<Node>(), node)).Name);
                        Assert.NotNull(registry.Get<Node>().Schema);
                    }

                    return serializer;
                },
                TestContext.Current.CancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));
            Assert.Same(serializers[0], serializers[2]);
            Assert.Same(serializers[1], serializers[3]);
        }
    }

    private static void Refused<T>(string start)
    {
        string? reason = TypeSerializers.WhyNotSerializable<T>();
        Assert.NotNull(reason);
        Assert.StartsWith(start, reason, StringComparison.Ordinal);
    }

    public sealed record Order(int Id, Customer Customer);

    public sealed record Customer(string Name, Action Callback);

    public sealed record Has<T>(T Value);

    public interface IThing
    {
        int Number { get; }
    }

    public abstract class AbstractThing
    {
        public int Number { get; set; }
    }

    public sealed class SelfList : List<SelfList>;

    public sealed class SubList : List<int>;

    public record Undeclared(int Id) : Shape(Id);

    public sealed class GetOnly
    {
        public int Number { get; } = 4;

        public int Other { get; set; }
    }

    public sealed class ReadOnlyField
    {
        public readonly int Number = 4;
    }

    public sealed class PrivateState
    {
        private int _sum;

        public int Total => _sum;

        public void Add(int value) => _sum += value;
    }

    public sealed class OtherParameter(string text)
    {
        public int Length { get; } = text.Length;
    }

    public sealed class LeavesOut
    {
        [NonSerialized]
        private int _cache;

        public int Number { get; set; }

        [PropertyShape(Ignore = true)]
        public Action? Callback { get; set; }

        public int Cached => _cache == 0 ? _cache = Number * 2 : _cache;
    }

    public sealed class Conventional
    {
        private int _number;

        public int Number
        {
            get => _number;
            set => _number = value;
        }
    }

    public sealed class NoConstructor
    {
        private NoConstructor(int number) => Number = number;

        public int Number { get; }

        public static NoConstructor Of(int number) => new(number);
    }

    private sealed class OwnSerializer : TypeSerializer<NoConstructor>
    {
        public override TypeSchema Schema { get; } = new(SchemaKind.Opaque, "own", [], []);

        public override bool IsImmutable => true;

        public override void Write(ref BinaryOutput output, in NoConstructor value) => output.WriteVarInt(value.Number);

        public override NoConstructor Read(ref BinaryInput input) => NoConstructor.Of((int)input.ReadVarInt());

        public override NoConstructor Copy(NoConstructor value) => value;

        public override TypeSerializer<NoConstructor> ForReading(TypeSchema written) =>
            written == Schema ? this : throw new StateIncompatibleException("MR4101", "Not mine.");
    }
}
