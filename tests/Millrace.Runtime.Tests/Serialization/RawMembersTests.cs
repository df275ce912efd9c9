using CsCheck;
using Millrace.Runtime.Serialization;

namespace Millrace.Runtime.Tests.Serialization;

/// <summary>Members that are copied as they are in memory have the bytes that each has alone.</summary>
public sealed class RawMembersTests
{
    [Fact]
    public void A_struct_of_raw_members_has_the_bytes_of_its_members() => Gen.Select(Gen.Double, Gen.Double, Gen.Float, Gen.Float).Sample((a, b, c, d) =>
        Assert.Equal(
            (byte[])[.. Bytes.Of(a), .. Bytes.Of(b), .. Bytes.Of(c), .. Bytes.Of(d)],
            Bytes.Of(new AllRaw(a, b, c, d))));

    [Fact]
    public void Raw_members_between_others_have_the_bytes_of_each() => Gen.Select(Gen.Long, Gen.Double, Gen.Double, Gen.Int, Gen.Guid).Sample((a, b, c, d, e) =>
        Assert.Equal(
            (byte[])[.. Bytes.Of(a), .. Bytes.Of(b), .. Bytes.Of(c), .. Bytes.Of(d), .. Bytes.Of(e), 7, 8],
            Bytes.Of(new Mixed(a, b, c, d, e, 7, 8))));

    [Fact]
    public void Members_in_another_order_than_in_memory_have_the_bytes_of_each() => Gen.Select(Gen.Double, Gen.Double).Sample((a, b) =>
        Assert.Equal((byte[])[.. Bytes.Of(a), .. Bytes.Of(b)], Bytes.Of(new Turned { First = a, Second = b })));

    [Fact]
    public void A_struct_in_a_struct_is_copied_with_it() => Gen.Select(Gen.Double, Gen.Double, Gen.Float, Gen.Float).Sample((a, b, c, d) =>
        Assert.Equal(
            (byte[])[.. Bytes.Of(a), .. Bytes.Of(a), .. Bytes.Of(b), .. Bytes.Of(c), .. Bytes.Of(d), .. Bytes.Of(b)],
            Bytes.Of(new Outer(a, new AllRaw(a, b, c, d), b))));

    [Fact]
    public void A_getter_that_somebody_wrote_is_asked() =>
        Assert.Equal((byte[])[.. Bytes.Of(1.0), .. Bytes.Of(2.0)], Bytes.Of(new Computed { First = 0, Second = 2 }));

    [Fact]
    public void What_is_copied_is_found()
    {
        Assert.True(((ShapeSerializer<AllRaw>)TypeSerializers.Get<AllRaw>()).IsRaw);
        Assert.True(((ShapeSerializer<Outer>)TypeSerializers.Get<Outer>()).IsRaw);
        Assert.False(((ShapeSerializer<Mixed>)TypeSerializers.Get<Mixed>()).IsRaw);
        Assert.False(((ShapeSerializer<Computed>)TypeSerializers.Get<Computed>()).IsRaw);
    }

    public readonly record struct AllRaw(double A, double B, float C, float D);

    public readonly record struct Outer(double A, AllRaw B, double C);

    public readonly record struct Mixed(long A, double B, double C, int D, Guid E, byte F, byte G);

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit)]
    public struct Turned
    {
        [System.Runtime.InteropServices.FieldOffset(8)]
        public double First;

        [System.Runtime.InteropServices.FieldOffset(0)]
        public double Second;
    }

    public struct Computed
    {
        public double First { readonly get => field == 0 ? 1 : field; set; }

        public double Second { get; set; }
    }
}
