using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Serialization;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>Serializes the members of an object that is not null, one after the other; a batch column by column.</summary>
/// <typeparam name="T">The type.</typeparam>
/// <typeparam name="TState">What is filled while reading: the constructor's arguments, or the object itself where its constructor takes none.</typeparam>
internal sealed class ObjectSerializer<T, TState>(
    Func<TState> begin,
    Constructor<TState, T>? construct,
    ObjectMember<T, TState>[] members,
    ReadStep<TState>[] steps,
    bool isFrozen)
    : ShapeSerializer<T>
{
    private readonly WriteStep<T, TState>[] _writes = WriteStep<T, TState>.For(members);

    /// <summary>An object without members takes one byte, so that no value takes none and counts can be checked.</summary>
    internal override int MinBytes { get; } = Math.Max(1, members.Sum(m => (long)m.MinBytes) is var sum && sum > int.MaxValue ? int.MaxValue : (int)sum);

    internal override bool BatchIsSequential => members.Length == 0;

    internal override bool IsRaw => _writes is [{ Member: null, Offset: 0 } all] && all.Length == Unsafe.SizeOf<T>();

    public override void Write(ref BinaryOutput output, in T value)
    {
        if (members.Length == 0)
        {
            output.WriteByte(0);
            return;
        }

        ref T source = ref Unsafe.AsRef(in value);
        foreach (ref readonly var step in _writes.AsSpan())
        {
            if (step.Member is { } member)
            {
                member.Write(ref output, ref source);
            }
            else
            {
                output.WriteRaw(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.AddByteOffset(ref Unsafe.As<T, byte>(ref source), step.Offset), step.Length));
            }
        }
    }

    public override T Read(ref BinaryInput input)
    {
        var state = begin();
        foreach (var step in steps)
        {
            step.Read(ref input, ref state);
        }

        return End(ref state);
    }

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        if (members.Length == 0)
        {
            base.WriteBatch(ref output, values);
            return;
        }

        foreach (var member in members)
        {
            member.WriteColumn(ref output, values);
        }
    }

    public override void ReadBatch(ref BinaryInput input, Span<T> values)
    {
        using var rows = new Scratch<TState>(values.Length);
        var states = rows.Span;
        foreach (ref var state in states)
        {
            state = begin();
        }

        foreach (var step in steps)
        {
            step.ReadColumn(ref input, states);
        }

        for (int row = 0; row < values.Length; row++)
        {
            values[row] = End(ref states[row]);
        }
    }

    public override T Copy(T value)
    {
        if (IsImmutable)
        {
            return value;
        }

        var state = begin();
        foreach (var member in members)
        {
            member.Copy(ref value, ref state);
        }

        return End(ref state);
    }

    internal override TypeSchema Describe(SchemaPath path) => path.Enter(
        this,
        typeof(T),
        name => new TypeSchema(SchemaKind.Object, name, [.. members.Select(m => m.Describe(path))], []));

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration)
    {
        if (written.Kind != SchemaKind.Object)
        {
            return migration.Refuse(this, written);
        }

        var byName = members.ToDictionary(m => m.Name, StringComparer.Ordinal);
        var reading = new List<ReadStep<TState>>();
        foreach (var member in written.Members)
        {
            reading.Add(byName.TryGetValue(member.Name, out var current)
                ? current.ReadingOf(member.Schema, migration)
                : new SkipStep<TState>(migration.Skip(member.Name, member.Schema)));
        }

        if (reading.Count == 0)
        {
            reading.Add(new SkipStep<TState>(Skipper.OfBytes(1)));
        }

        return new ObjectSerializer<T, TState>(begin, construct, members, [.. reading], isFrozen);
    }

    internal override bool ComputeImmutable(HashSet<object> assumed) => isFrozen && Array.TrueForAll(members, m => m.ComputeImmutable(assumed));

    private T End(ref TState state) => construct is null ? Unsafe.As<TState, T>(ref state) : construct(ref state);
}

/// <summary>One part of the bytes of an object.</summary>
internal abstract class ReadStep<TState>
{
    public abstract void Read(ref BinaryInput input, ref TState state);

    public abstract void ReadColumn(ref BinaryInput input, Span<TState> states);
}

/// <summary>Passes over a member that the type no longer has.</summary>
internal sealed class SkipStep<TState>(Skipper skipper) : ReadStep<TState>
{
    public override void Read(ref BinaryInput input, ref TState state) => skipper.Skip(ref input);

    public override void ReadColumn(ref BinaryInput input, Span<TState> states) => skipper.SkipBatch(ref input, states.Length);
}

/// <summary>A member of an object.</summary>
internal abstract class ObjectMember<T, TState>(string name) : ReadStep<TState>
{
    public string Name => name;

    public abstract int MinBytes { get; }

    /// <summary>Where in the struct its bytes are as they are written; -1 where they are not.</summary>
    public abstract int RawOffset { get; }

    public abstract int RawLength { get; }

    public abstract void Write(ref BinaryOutput output, ref T value);

    public abstract void WriteColumn(ref BinaryOutput output, ReadOnlySpan<T> values);

    public abstract void Copy(ref T value, ref TState state);

    public abstract SchemaMember Describe(SchemaPath path);

    public abstract ReadStep<TState> ReadingOf(TypeSchema written, Migration migration);

    public abstract bool ComputeImmutable(HashSet<object> assumed);
}

/// <summary>A member of an object, with its type.</summary>
internal sealed class ObjectMember<T, TState, TMember>(
    string name, Getter<T, TMember> get, Setter<TState, TMember> set, ShapeSerializer<TMember> serializer, int rawOffset)
    : ObjectMember<T, TState>(name)
{
    public override int MinBytes => serializer.MinBytes;

    public override int RawOffset => rawOffset;

    public override int RawLength => Unsafe.SizeOf<TMember>();

    public override void Write(ref BinaryOutput output, ref T value)
    {
        var member = get(ref value);
        serializer.Write(ref output, in member);
    }

    public override void WriteColumn(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        using var column = new Scratch<TMember>(values.Length);
        var cells = column.Span;
        for (int row = 0; row < values.Length; row++)
        {
            cells[row] = get(ref Unsafe.AsRef(in values[row]));
        }

        serializer.WriteBatch(ref output, cells);
    }

    public override void Read(ref BinaryInput input, ref TState state) => set(ref state, serializer.Read(ref input));

    public override void ReadColumn(ref BinaryInput input, Span<TState> states)
    {
        using var column = new Scratch<TMember>(states.Length);
        var cells = column.Span;
        serializer.ReadBatch(ref input, cells);
        for (int row = 0; row < states.Length; row++)
        {
            set(ref states[row], cells[row]);
        }
    }

    public override void Copy(ref T value, ref TState state) => set(ref state, serializer.Copy(get(ref value)));

    public override SchemaMember Describe(SchemaPath path) => new(Name, serializer.Describe(path));

    public override ReadStep<TState> ReadingOf(TypeSchema written, Migration migration) =>
        new ObjectMember<T, TState, TMember>(Name, get, set, migration.Read(serializer, written, "." + Name), rawOffset: -1);

    public override bool ComputeImmutable(HashSet<object> assumed) => serializer.ComputeImmutable(assumed);
}
