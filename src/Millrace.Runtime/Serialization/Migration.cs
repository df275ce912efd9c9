using System.Diagnostics.CodeAnalysis;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>Builds the reader of bytes of another shape: walks the written shape and the serializer side by side, once.</summary>
/// <param name="root">The name of the type that is read.</param>
internal sealed class Migration(string root)
{
    private readonly Dictionary<(object Current, TypeSchema Written), object> _readers = new(PairComparer.Instance);
    private readonly List<string> _path = [];
    private Enclosing? _enclosing;

    private string Path => root + string.Concat(_path);

    /// <summary>A reader of a part.</summary>
    /// <param name="current">Today's serializer of the part.</param>
    /// <param name="written">The shape that was written.</param>
    /// <param name="step">What to add to the path in messages.</param>
    public ShapeSerializer<T> Read<T>(ShapeSerializer<T> current, TypeSchema written, string step = "")
    {
        var outer = _enclosing;
        _path.Add(step);
        try
        {
            if (written.Kind == SchemaKind.Reference)
            {
                written = Resolve(written);
            }

            if (written.Kind is not (SchemaKind.Object or SchemaKind.Union) || current is RecursiveSerializer<T>)
            {
                return current.ReadingOf(written, this);
            }

            if (_readers.TryGetValue((current, written), out object? known))
            {
                return (ShapeSerializer<T>)known;
            }

            // Until it is complete, whoever needs it gets its stand-in.
            var pending = new RecursiveSerializer<T>();
            _readers.Add((current, written), pending);
            _enclosing = new Enclosing(written, _enclosing);
            var reader = current.ReadingOf(written, this);
            pending.Target = reader;
            _readers[(current, written)] = reader;
            return reader;
        }
        finally
        {
            _path.RemoveAt(_path.Count - 1);
            _enclosing = outer;
        }
    }

    /// <summary>Passes over a member that is gone.</summary>
    public Skipper Skip(string member, TypeSchema written) => Skipper.Find(Expand(written, _enclosing, [])) ?? throw new StateIncompatibleException(
        "MR4101",
        $"{Path}.{member} was written as {written} and is gone now, but it cannot be passed over: its bytes are in a format of a serializer of your own. "
        + "Keep the member, and stop using it.");

    /// <summary>Says that a part cannot be read.</summary>
    [DoesNotReturn]
    public ShapeSerializer<T> Refuse<T>(ShapeSerializer<T> current, TypeSchema written, string? why = null) => throw new StateIncompatibleException(
        "MR4101",
        $"{Path} was written as {written}, but {TypeNames.Of(typeof(T))} is expected, which is {current.Schema}"
        + (why is null ? "" : $": {why}")
        + ". Members may be added, removed and reordered, and numbers widened without loss; for any other change keep the old member and add one of another name.");

    private TypeSchema Resolve(TypeSchema reference)
    {
        for (var enclosing = _enclosing; enclosing is not null; enclosing = enclosing.Outer)
        {
            if (enclosing.Schema.Name == reference.Name)
            {
                _enclosing = enclosing.Outer;
                return enclosing.Schema;
            }
        }

        throw new StateIncompatibleException("MR4101", $"{Path} was written as a reference to {reference.Name}, which does not enclose it: the stored schema is damaged.");
    }

    // A removed member may refer to what encloses it; to be passed over alone, it has to contain the definition.
    private static TypeSchema Expand(TypeSchema schema, Enclosing? enclosing, HashSet<string> inside)
    {
        if (schema.Kind == SchemaKind.Reference)
        {
            if (inside.Contains(schema.Name))
            {
                return schema;
            }

            while (enclosing is not null && enclosing.Schema.Name != schema.Name)
            {
                enclosing = enclosing.Outer;
            }

            return enclosing is null ? schema : Expand(enclosing.Schema, enclosing.Outer, inside);
        }

        bool named = schema.Kind is SchemaKind.Object or SchemaKind.Union && inside.Add(schema.Name);
        var expanded = schema with
        {
            Members = [.. schema.Members.Select(m => new SchemaMember(m.Name, schema.Kind == SchemaKind.Enum ? m.Schema : Expand(m.Schema, enclosing, inside)))],
            Items = [.. schema.Items.Select(i => Expand(i, enclosing, inside))],
        };
        if (named)
        {
            inside.Remove(schema.Name);
        }

        return expanded;
    }

    private sealed record Enclosing(TypeSchema Schema, Enclosing? Outer);

    private sealed class PairComparer : IEqualityComparer<(object Current, TypeSchema Written)>
    {
        public static PairComparer Instance { get; } = new();

        public bool Equals((object Current, TypeSchema Written) x, (object Current, TypeSchema Written) y) =>
            ReferenceEquals(x.Current, y.Current) && ReferenceEquals(x.Written, y.Written);

        public int GetHashCode((object Current, TypeSchema Written) obj) => HashCode.Combine(
            System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.Current),
            System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.Written));
    }
}
