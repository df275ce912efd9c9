using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>
/// Stands for a serializer that is still being made, where a type contains itself; and counts the depth, since a cycle of references would
/// otherwise end in a stack overflow, which takes the whole process down.
/// </summary>
internal sealed class RecursiveSerializer<T>(RecursiveSerializer<T>? bodyOf = null) : ShapeSerializer<T>
{
    private ShapeSerializer<T>? _target;

    /// <summary>The serializer that this one stands for.</summary>
    public ShapeSerializer<T> Target
    {
        get => _target ??= bodyOf?.Target.Body ?? throw new InvalidOperationException("The serializer is used before it is complete.");
        set => _target = value;
    }

    internal override int MinBytes => 1;

    internal override bool BatchIsSequential => false;

    public override void Write(ref BinaryOutput output, in T value)
    {
        Depth.Enter(typeof(T));
        try
        {
            Target.Write(ref output, in value);
        }
        finally
        {
            Depth.Leave();
        }
    }

    public override T Read(ref BinaryInput input)
    {
        Depth.EnterReading();
        try
        {
            return Target.Read(ref input);
        }
        finally
        {
            Depth.Leave();
        }
    }

    public override void WriteBatch(ref BinaryOutput output, ReadOnlySpan<T> values)
    {
        Depth.Enter(typeof(T));
        try
        {
            Target.WriteBatch(ref output, values);
        }
        finally
        {
            Depth.Leave();
        }
    }

    public override void ReadBatch(ref BinaryInput input, Span<T> values)
    {
        Depth.EnterReading();
        try
        {
            Target.ReadBatch(ref input, values);
        }
        finally
        {
            Depth.Leave();
        }
    }

    public override T Copy(T value)
    {
        Depth.Enter(typeof(T));
        try
        {
            return Target.Copy(value);
        }
        finally
        {
            Depth.Leave();
        }
    }

    internal override TypeSchema Describe(SchemaPath path) => Target.Describe(path);

    internal override ShapeSerializer<T> ReadingOf(TypeSchema written, Migration migration) => migration.Read(Target, written);

    internal override bool ComputeImmutable(HashSet<object> assumed) => !assumed.Add(this) || Target.ComputeImmutable(assumed);
}

/// <summary>How deep the values of recursive types are nested on this thread.</summary>
internal static class Depth
{
    public const int Limit = 1_000;

    [ThreadStatic]
    private static int _current;

    public static void Enter(Type type)
    {
        if (_current >= Limit)
        {
            throw new MillraceException(
                "MR1103",
                $"A value of type {TypeNames.Of(type)} is nested more than {Limit:N0} deep. Either it refers back to itself, which cannot be written, "
                + "or it is a long chain: keep its parts in a list.");
        }

        _current++;
    }

    public static void EnterReading()
    {
        if (_current >= Limit)
        {
            throw new InvalidDataException($"A value is nested more than {Limit:N0} deep.");
        }

        _current++;
    }

    public static void Leave() => _current--;
}
