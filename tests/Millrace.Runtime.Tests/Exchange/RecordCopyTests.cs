using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CsCheck;

namespace Millrace.Runtime.Tests.Exchange;

public sealed class RecordCopyTests
{
    [Fact]
    public void Of_StructsOfAllKinds_FindsTheWordsThatAreReferences()
    {
        Check(new Flat(0, "a", 0, 0, "b", 0, 0, 0, "c"), 3);
        Check(new Nested(0, new Inner(0, "a", 0), 0, new Inner(0, "b", 0), new object()), 3);
        Check(new Generic<string, Inner>("a", 0, new Inner(0, "b", 0), 0, 0), 2);
        Check(new Ends(false, 0, 0, 0, 0, "a", false), 1);
        Check((0L, "a", 0L, 0L, 0L, 0L, 0L, ("b", 0L)), 2);

        // Only the references are not zero: so are the words in which they are.
        static void Check<T>(T value, int references)
        {
            uint expected = 0;
            for (int word = 0; word < Unsafe.SizeOf<T>() / 8; word++)
            {
                expected |= Unsafe.Add(ref Unsafe.As<T, long>(ref value), word) == 0 ? 0 : 1u << word;
            }

            Assert.Equal(references, BitOperations.PopCount(expected));
            Assert.Equal(expected, ReferenceWords.Of(typeof(T)));
        }
    }

    [Fact]
    public void Of_StructWhoseWordsHaveNoFields_IsNotKnown() => Assert.Equal(0u, ReferenceWords.Of(typeof(WithInlineArray)));

    [Fact]
    public void Of_Pointers_AreNoReferences() => Assert.Equal(1, BitOperations.PopCount(ReferenceWords.Of(typeof(WithPointers))));

    [Fact]
    public void Write_ValuesOfAllKinds_GivesEqualValuesThatSurviveACollection()
    {
        var text = Gen.String[Gen.Char.AlphaNumeric, 0, 8].Select(value => value.Length == 0 ? null! : value);
        var inner = Gen.Select(Gen.Long, text, Gen.Int).Select((a, b, c) => new Inner(a, b, c));
        Check(Gen.Select(Gen.Long, text, text, text, Gen.Double).Select((a, b, c, d, e) => new Flat(a, b, ~a, (int)a, c, e, a >> 3, (byte)a, d)));
        Check(Gen.Select(Gen.Long, inner, inner, Gen.Bool).Select((a, b, c, d) => new Nested(a, b, (short)a, c, d ? b.Text : null)));
        Check(Gen.Select(Gen.Int, inner, Gen.Bool).Select((a, b, c) => new WithNullable(a, c ? b : null, a)));
        Check(Gen.Select(text, inner, Gen.Decimal).Select((a, b, c) => new Generic<string, Inner>(a, c, b, 7, 8)));
        Check(Gen.Select(Gen.Bool, Gen.Long, text).Select((a, b, c) => new Ends(a, b, b + 1, b + 2, b + 3, c, !a)));
        Check(Gen.Select(text, Gen.Long).Select((a, b) => (b, a, b + 1)));
        Check(Gen.Select(text, Gen.Long, Gen.Byte).Select((a, b, c) => new Tail { Text = a, One = b, Two = ~b, Three = b + 1, Four = b + 2, Last = c }));
        Check(Gen.Select(text, text, Gen.Long).Select((a, b, c) => (c, a, c + 1, c + 2, c + 3, c + 4, c + 5, (b, c + 6))));
        Check(inner.Array[8].Select(all => new Large(all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7])));
        Check(text);
        Check(Gen.Int);

        static void Check<T>(Gen<T> values) => values.Array[1, 50].Sample(
            values =>
            {
                // The array is old: a new object that it refers to lives only if the write has left its mark.
                var target = new T[values.Length];
                GC.Collect(1);
                Fill(target, values);
                GC.Collect(0);
                Assert.Equal(values, target);
            },
            iter: 50,
            threads: 1);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fill<T>(T[] target, T[] values)
        {
            for (int i = 0; i < values.Length; i++)
            {
                var value = WithTextsOfItsOwn(values[i]);
                RecordCopy<T>.Write(ref target[i], in value);
            }
        }
    }

    private static T WithTextsOfItsOwn<T>(T value) => value switch
    {
        Flat flat => (T)(object)(flat with { A = Copy(flat.A), B = Copy(flat.B), C = Copy(flat.C) }),
        Nested nested => (T)(object)(nested with { First = nested.First with { Text = Copy(nested.First.Text) } }),
        Ends ends => (T)(object)(ends with { Text = Copy(ends.Text) }),
        _ => value,
    };

    private static string Copy(string text) => text is null ? null! : new string(text.AsSpan());

    private readonly record struct Inner(long Number, string Text, int Small);

    private readonly record struct Flat(long One, string A, long Two, int Three, string B, double Four, long Five, byte Six, string C);

    private readonly record struct Nested(long One, Inner First, short Two, Inner Second, object? Any);

    private readonly record struct WithNullable(int One, Inner? Inner, decimal Two);

    private readonly record struct Generic<T1, T2>(T1 First, decimal Number, T2 Second, long Three, long Four);

    private readonly record struct Ends(bool Begin, long One, long Two, long Three, long Four, string Text, bool End);

    [StructLayout(LayoutKind.Explicit, Size = 41)]
    private record struct Tail
    {
        [FieldOffset(0)]
        public string Text;

        [FieldOffset(8)]
        public long One;

        [FieldOffset(16)]
        public long Two;

        [FieldOffset(24)]
        public long Three;

        [FieldOffset(32)]
        public long Four;

        [FieldOffset(40)]
        public byte Last;
    }

    private readonly record struct Large(Inner A, Inner B, Inner C, Inner D, Inner E, Inner F, Inner G, Inner H);

    [InlineArray(5)]
    private struct Five
    {
        public object First;
    }

    private readonly record struct WithInlineArray(long Number, Five Items);

    private readonly unsafe struct WithPointers(long* pointer, delegate*<void> function, string text, nint native, long number)
    {
        public long* Pointer { get; } = pointer;

        public delegate*<void> Function { get; } = function;

        public string Text { get; } = text;

        public nint Native { get; } = native;

        public long Number { get; } = number;
    }
}
