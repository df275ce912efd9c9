using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>A sequence: 0 for null, otherwise the count and 1; then the elements one by one. The same bytes for every kind of collection.</summary>
internal sealed class ListSerializer<TList, TElement>(ListAccess<TList, TElement> access, ShapeSerializer<TElement> element) : ShapeSerializer<TList>
{
    private const int FirstChunk = 1_024;

    // Interfaces have many implementations, and what is abstract has none of its own: only a class can lose what a subclass adds.
    private static readonly bool HasSubclasses = typeof(TList) is { IsClass: true, IsSealed: false, IsAbstract: false };

    internal override int MinBytes => 1;

    public override void Write(ref BinaryOutput output, in TList value)
    {
        if (access.IsNull(value))
        {
            output.WriteByte(0);
            return;
        }

        CheckType(value);
        if (access.TryGetSpan(value, out var span))
        {
            WriteElements(ref output, span);
            return;
        }

        var elements = Scratch<TElement>.Empty(FirstChunk);
        access.CopyTo(value, ref elements);
        WriteElements(ref output, elements.Span);
        elements.Dispose();
    }

    public override TList Read(ref BinaryInput input)
    {
        int count = Counts.Read(ref input, element.MinBytes);
        if (count == Counts.Null)
        {
            return access.Null;
        }

        // An element of unknown size can take no bytes at all, so that the count proves nothing: memory grows with what is really there.
        if (element.MinBytes > 0 && access.TryCreate(count, out var list, out var room))
        {
            ReadElements(ref input, room);
            return list;
        }

        var elements = Scratch<TElement>.Empty(Math.Min(count, FirstChunk));
        for (int index = 0; index < count; index++)
        {
            elements.Add(element.Read(ref input));
        }

        list = access.Create(elements.Span);
        elements.Dispose();
        return list;
    }

    public override TList Copy(TList value)
    {
        if (access.IsNull(value) || IsImmutable)
        {
            return value;
        }

        CheckType(value);
        var elements = Scratch<TElement>.Empty(FirstChunk);
        if (access.TryGetSpan(value, out var span))
        {
            foreach (var item in span)
            {
                elements.Add(item);
            }
        }
        else
        {
            access.CopyTo(value, ref elements);
        }

        if (!element.IsImmutable)
        {
            foreach (ref var item in elements.Span)
            {
                item = element.Copy(item);
            }
        }

        var copy = access.Create(elements.Span);
        elements.Dispose();
        return copy;
    }

    internal override TypeSchema Describe(SchemaPath path) => new(SchemaKind.List, "", [], [element.Describe(path)]);

    internal override ShapeSerializer<TList> ReadingOf(TypeSchema written, Migration migration) => written.Kind == SchemaKind.List
        ? new ListSerializer<TList, TElement>(access, migration.Read(element, written.Items[0], "[]"))
        : migration.Refuse(this, written);

    internal override bool ComputeImmutable(HashSet<object> assumed) => access.IsImmutable && element.ComputeImmutable(assumed);

    private static void CheckType(TList value)
    {
        if (HasSubclasses && value!.GetType() != typeof(TList))
        {
            ThrowSubclass(value);
        }
    }

    private void WriteElements(ref BinaryOutput output, ReadOnlySpan<TElement> elements)
    {
        Counts.Write(ref output, elements.Length);
        if (element.BatchIsSequential)
        {
            element.WriteBatch(ref output, elements);
            return;
        }

        foreach (ref readonly var item in elements)
        {
            element.Write(ref output, in item);
        }
    }

    private void ReadElements(ref BinaryInput input, Span<TElement> elements)
    {
        if (element.BatchIsSequential)
        {
            element.ReadBatch(ref input, elements);
            return;
        }

        foreach (ref var item in elements)
        {
            item = element.Read(ref input);
        }
    }
}
