using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The enclosing objects and unions while a schema is being described: what a recursive member may refer to.</summary>
internal sealed class SchemaPath
{
    private readonly List<(object Serializer, string Name)> _enclosing = [];

    /// <summary>Describes a named part, or refers to it where it encloses itself.</summary>
    public TypeSchema Enter(object serializer, Type type, Func<string, TypeSchema> describe)
    {
        foreach (var (enclosing, enclosingName) in _enclosing)
        {
            if (ReferenceEquals(enclosing, serializer))
            {
                return new TypeSchema(SchemaKind.Reference, enclosingName, [], []);
            }
        }

        // A name that encloses another of the same name would capture its references.
        string plain = TypeNames.Of(type);
        string name = plain;
        for (int number = 2; _enclosing.Exists(e => e.Name == name); number++)
        {
            name = $"{plain}#{number}";
        }

        _enclosing.Add((serializer, name));
        var schema = describe(name);
        _enclosing.RemoveAt(_enclosing.Count - 1);
        return schema;
    }
}
