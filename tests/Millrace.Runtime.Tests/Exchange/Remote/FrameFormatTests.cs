using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>Pins the bytes on the wire: workers of two versions meet during an upgrade.</summary>
public sealed class FrameFormatTests
{
    private const string Head = "4d52";
    private const string Channel = "010000000200000003000000";
    private const string Epoch = "0700000000000000";

    [Fact]
    public void Batch_with_ascending_timestamps() => Pin(
        new StreamElement<int>(TestEnd.Batch([1, -1, 300], [1_000, 1_001, 1_003])),
        kind: 1,
        payload: "03" + "01" + "d00f" + "02" + "04" + "01000000" + "ffffffff" + "2c010000",
        checksum: "cf3617d5");

    [Fact]
    public void Batch_without_timestamps() => Pin(
        new StreamElement<string>(TestEnd.Batch(["a", "bc"], [EventTime.None, EventTime.None])),
        kind: 1,
        payload: "02" + "00" + "ffffffffffffffffff01" + "0261" + "036263",
        checksum: "0b967a3e");

    [Fact]
    public void Watermark() => Pin(new StreamElement<int>(ControlElement.Watermark(1_000)), kind: 2, payload: "d00f", checksum: "f5ee98dc");

    [Fact]
    public void Last_watermark() => Pin(
        new StreamElement<int>(ControlElement.Watermark(EventTime.MaxWatermark)), kind: 2, payload: "feffffffffffffffff01", checksum: "abab9564");

    [Fact]
    public void Idle() => Pin(new StreamElement<int>(ControlElement.Idle(true)), kind: 3, payload: "01", checksum: "aece0967");

    [Fact]
    public void Latency_marker() => Pin(
        new StreamElement<int>(new ControlElement(ElementKind.LatencyMarker, 64, 4, 1)), kind: 4, payload: "8001" + "08" + "02", checksum: "decb6ddf");

    [Fact]
    public void End_of_input() => Pin(new StreamElement<int>(ControlElement.EndOfInput), kind: 5, payload: "", checksum: "9008b085");

    [Fact]
    public void Credit()
    {
        var end = new TestEnd();
        end.OpenReceiver<int>();
        end.Link.Start();
        Assert.Equal(Expected(16, "08", "9f6d04ab"), Convert.ToHexStringLower(Assert.Single(end.Connection.Sent)));
    }

    private static void Pin<T>(StreamElement<T> element, byte kind, string payload, string checksum) =>
        Assert.Equal(Expected(kind, payload, checksum), Convert.ToHexStringLower(Assert.Single(TestEnd.Encode(7, element))));

    private static string Expected(byte kind, string payload, string checksum)
    {
        int length = FrameHeader.Size + (payload.Length / 2);
        return $"{length:x2}000000" + checksum + Head + "01" + $"{kind:x2}" + Channel + Epoch + "0000000000000000" + payload;
    }
}
