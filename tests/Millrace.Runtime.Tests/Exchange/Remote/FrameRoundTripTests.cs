using CsCheck;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Tests.Exchange.Remote;

public sealed class FrameRoundTripTests
{
    private static readonly Gen<long> AnyTimestamp = Gen.OneOf(Gen.Long, Gen.Const(EventTime.None), Gen.Const(EventTime.MaxWatermark));

    public readonly record struct Trade(long Id, double Price, int Quantity);

    public sealed record Order(Guid Id, string? Customer, decimal Amount, DateTimeOffset At, Trade? Last);

    [Fact]
    public void Ints_arrive_as_they_were_sent() => RoundTrip(Gen.Int);

    [Fact]
    public void Strings_arrive_as_they_were_sent() => RoundTrip(Gen.String[Gen.Char['a', 'ÿ'], 0, 40]);

    [Fact]
    public void Structs_arrive_as_they_were_sent() => RoundTrip(GenTrade);

    [Fact]
    public void Tuples_arrive_as_they_were_sent() => RoundTrip(Gen.Select(Gen.Long, Gen.Bool));

    [Fact]
    public void Arrays_arrive_as_they_were_sent() => RoundTrip(Gen.Int.Array[0, 5]);

    [Fact]
    public void Classes_arrive_as_they_were_sent() => RoundTrip(Gen.Select(
        Gen.Guid, Gen.String[Gen.Char.AlphaNumeric, 0, 10].Null(), Gen.Decimal, Gen.DateTimeOffset, GenTrade.Nullable(), (id, customer, amount, at, last) => new Order(id, customer, amount, at, last)));

    [Fact]
    public void Control_elements_arrive_as_they_were_sent() => Gen.OneOf(
            Gen.Long.Select(ControlElement.Watermark),
            Gen.Bool.Select(ControlElement.Idle),
            Gen.Select(Gen.Long, Gen.Int, Gen.Int, (value, source, subtask) => new ControlElement(ElementKind.LatencyMarker, value, source, subtask)),
            Gen.Const(ControlElement.EndOfInput))
        .Sample(element => Assert.Equal(element, Receive<int>(new StreamElement<int>(element)).Control));

    private static Gen<Trade> GenTrade => Gen.Select(Gen.Long, Gen.Double, Gen.Int, (id, price, quantity) => new Trade(id, price, quantity));

    private static void RoundTrip<T>(Gen<T> value)
    {
        var batches =
            from count in Gen.Int[0, TestEnd.BatchSize]
            from values in value.Array[count]
            from timestamps in Gen.OneOf(
                AnyTimestamp.Array[count],
                AnyTimestamp.Select(timestamp => Enumerable.Repeat(timestamp, count).ToArray()),
                Gen.Long[0, 2_000_000_000_000].SelectMany(start => Gen.Long[-50, 500].Array[count].Select(steps => steps.Select(step => start += step).ToArray())))
            select (values, timestamps);
        batches.Sample(
            (values, timestamps) =>
            {
                var batch = Receive(new StreamElement<T>(TestEnd.Batch(values, timestamps))).Batch!;
                Assert.Equal(values, batch.Records.ToArray());
                Assert.Equal(timestamps, batch.Timestamps.AsSpan(0, batch.Count).ToArray());
                Assert.Equal(TestEnd.BatchSize, batch.Capacity);
            },
            iter: 300);
    }

    private static StreamElement<T> Receive<T>(StreamElement<T> element)
    {
        var end = new TestEnd();
        var receiver = end.OpenReceiver<T>();
        end.Link.Start();
        end.Connection.Receive(Assert.Single(TestEnd.Encode(7, element)));
        Assert.True(receiver.TryReceive(out var received), end.Error?.Message);
        return received;
    }
}
