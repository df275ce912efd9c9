using Millrace.Serialization;
using PolyType;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>One of the declared derived types: 0 for null, otherwise the number of the case in the schema, counted from 1; then the case's value.</summary>
internal sealed class UnionSerializer<T>(Getter<T, int> indexOf, UnionCase<T>[] cases, UnionCase<T>?[] numbers) : ShapeSerializer<T>
{
    internal override int MinBytes => 1;

    public override void Write(ref BinaryOutput output, in T value)
    {
        if (value is null)
        {
            output.WriteByte(0);
            return;
        }

        int number = NumberOf(value);
        output.WriteVarUInt((ulong)number);
        cases[number - 1].Write(ref output, value);
    }

    public override T Read(ref BinaryInput input)
    {
        ulong number = input.ReadVarUInt();
        return number == 0
            ? default!
            : number <= (ulong)numbers.Length
                ? numbers[number - 1]!.Read(ref input)
                : throw new InvalidDataException($"Byte {input.Position - 1} names case {number} of {TypeNames.Of(typeof(T))}, which has {numbers.Length}.");
    }

    public override T Copy(T value) => value is null || IsImmutable ? value : cases[NumberOf(value) - 1].Copy(value);

    internal override TypeSchema Describe(SchemaPath path) => path.Enter(
        this,
        typeof(T),
        name => new TypeSchema(SchemaKind.Union, name, [.. cases.Select(c => c.Describe(path))], []));

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration)
    {
        if (written.Kind != SchemaKind.Union)
        {
            return migration.Refuse(this, written);
        }

        var byName = cases.ToDictionary(c => c.Name, StringComparer.Ordinal);
        var reading = new UnionCase<T>?[written.Members.Count];
        for (int number = 0; number < reading.Length; number++)
        {
            var member = written.Members[number];
            if (!byName.TryGetValue(member.Name, out var current))
            {
                return migration.Refuse(this, written, $"the case {member.Name} is gone, but values of it may be stored");
            }

            reading[number] = current.ReadingOf(member.Schema, migration);
        }

        return new UnionSerializer<T>(indexOf, cases, reading);
    }

    internal override bool ComputeImmutable(HashSet<object> assumed) => Array.TrueForAll(cases, c => c.ComputeImmutable(assumed));

    // The case of the base type itself, for which the shape says -1, is the last.
    private int NumberOf(T value)
    {
        int index = indexOf(ref value);
        int number = index < 0 ? cases.Length : index + 1;
        if (number == 0 || value!.GetType() != cases[number - 1].Type)
        {
            ThrowSubclass(value!);
        }

        return number;
    }
}

/// <summary>A case of a union.</summary>
internal abstract class UnionCase<T>(string name)
{
    public string Name => name;

    public abstract Type Type { get; }

    public abstract void Write(ref BinaryOutput output, T value);

    public abstract T Read(ref BinaryInput input);

    public abstract T Copy(T value);

    public abstract SchemaMember Describe(SchemaPath path);

    public abstract UnionCase<T> ReadingOf(TypeSchema written, Migration migration);

    public abstract bool ComputeImmutable(HashSet<object> assumed);
}

/// <summary>A case of a union, with its type.</summary>
internal sealed class UnionCase<T, TCase>(string name, ShapeSerializer<TCase> serializer, IMarshaler<TCase, T>? marshaler) : UnionCase<T>(name)
{
    public override Type Type => typeof(TCase);

    public override void Write(ref BinaryOutput output, T value) => serializer.Write(ref output, Narrow(value));

    public override T Read(ref BinaryInput input) => Widen(serializer.Read(ref input));

    public override T Copy(T value) => Widen(serializer.Copy(Narrow(value)));

    public override SchemaMember Describe(SchemaPath path) => new(Name, serializer.Describe(path));

    public override UnionCase<T> ReadingOf(TypeSchema written, Migration migration) =>
        new UnionCase<T, TCase>(Name, migration.Read(serializer, written, $" as {Name}"), marshaler);

    public override bool ComputeImmutable(HashSet<object> assumed) => serializer.ComputeImmutable(assumed);

    // Without a marshaler the case is the base type itself.
    private TCase Narrow(T value) => marshaler is null ? (TCase)(object)value! : marshaler.Unmarshal(value)!;

    private T Widen(TCase value) => marshaler is null ? (T)(object)value! : marshaler.Marshal(value)!;
}
