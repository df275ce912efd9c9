using System.Numerics;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Which numbers may be read as which: only where every value of the one is exactly a value of the other.</summary>
internal static class Widening
{
    private static readonly Dictionary<(string From, Type To), object> Readers = [];

    static Widening()
    {
        From<byte>().To<short>().To<ushort>().To<int>().To<uint>().To<long>().To<ulong>().To<Int128>().To<UInt128>().To<BigInteger>()
            .To<Half>().To<float>().To<double>().To<decimal>();
        From<sbyte>().To<short>().To<int>().To<long>().To<Int128>().To<BigInteger>().To<Half>().To<float>().To<double>().To<decimal>();
        From<short>().To<int>().To<long>().To<Int128>().To<BigInteger>().To<float>().To<double>().To<decimal>();
        From<ushort>().To<int>().To<uint>().To<long>().To<ulong>().To<Int128>().To<UInt128>().To<BigInteger>().To<float>().To<double>().To<decimal>();
        From<int>().To<long>().To<Int128>().To<BigInteger>().To<double>().To<decimal>();
        From<uint>().To<long>().To<ulong>().To<Int128>().To<UInt128>().To<BigInteger>().To<double>().To<decimal>();
        From<long>().To<Int128>().To<BigInteger>().To<decimal>();
        From<ulong>().To<Int128>().To<UInt128>().To<BigInteger>().To<decimal>();
        From<Int128>().To<BigInteger>();
        From<UInt128>().To<BigInteger>();
        From<Half>().To<float>().To<double>();
        From<float>().To<double>();
    }

    public static ShapeSerializer<T>? Find<T>(string written) =>
        Readers.TryGetValue((written, typeof(T)), out object? reader) ? (ShapeSerializer<T>)reader : null;

    private static Source<TFrom> From<TFrom>()
        where TFrom : INumberBase<TFrom> => default;

    private readonly struct Source<TFrom>
        where TFrom : INumberBase<TFrom>
    {
        public Source<TFrom> To<TTo>()
            where TTo : INumberBase<TTo>
        {
            var from = Scalars.Find<TFrom>()!;
            Readers.Add((from.Schema.Name, typeof(TTo)), new WideningSerializer<TFrom, TTo>(from, Scalars.Find<TTo>()!));
            return this;
        }
    }

    private sealed class WideningSerializer<TFrom, TTo>(ShapeSerializer<TFrom> from, ShapeSerializer<TTo> to) : ShapeSerializer<TTo>
        where TFrom : INumberBase<TFrom>
        where TTo : INumberBase<TTo>
    {
        internal override int MinBytes => from.MinBytes;

        public override void Write(ref BinaryOutput output, in TTo value) => throw new NotSupportedException("A widening serializer only reads.");

        public override TTo Read(ref BinaryInput input) => TTo.CreateChecked(from.Read(ref input));

        public override TTo Copy(TTo value) => value;

        internal override TypeSchema Describe(SchemaPath path) => from.Describe(path);

        internal override ShapeSerializer<TTo> ReadingOf(TypeSchema written, Migration migration) => to.ReadingOf(written, migration);

        internal override bool ComputeImmutable(HashSet<object> assumed) => true;
    }
}
