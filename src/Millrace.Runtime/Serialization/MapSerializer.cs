using Millrace.Serialization;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>A dictionary: 0 for null, otherwise the count and 1; then keys and values in turn.</summary>
internal sealed class MapSerializer<TMap, TKey, TValue>(MapAccess<TMap, TKey, TValue> access, ShapeSerializer<TKey> key, ShapeSerializer<TValue> value)
    : ShapeSerializer<TMap>
    where TKey : notnull
{
    private const int FirstChunk = 256;
    private static readonly bool HasSubclasses = typeof(TMap) is { IsClass: true, IsSealed: false, IsAbstract: false };

    internal override int MinBytes => 1;

    public override void Write(ref BinaryOutput output, in TMap map)
    {
        if (map is null)
        {
            output.WriteByte(0);
            return;
        }

        CheckType(map);
        if (map is Dictionary<TKey, TValue> dictionary)
        {
            Counts.Write(ref output, dictionary.Count);
            foreach (var pair in dictionary)
            {
                WritePair(ref output, pair);
            }

            return;
        }

        var pairs = Scratch<KeyValuePair<TKey, TValue>>.Empty(FirstChunk);
        access.CopyTo(map, ref pairs);
        Counts.Write(ref output, pairs.Count);
        foreach (var pair in pairs.Span)
        {
            WritePair(ref output, pair);
        }

        pairs.Dispose();
    }

    public override TMap Read(ref BinaryInput input)
    {
        int count = Counts.Read(ref input, key.MinBytes + value.MinBytes);
        if (count == Counts.Null)
        {
            return default!;
        }

        var pairs = Scratch<KeyValuePair<TKey, TValue>>.Empty(Math.Min(count, FirstChunk));
        for (int index = 0; index < count; index++)
        {
            var nextKey = key.Read(ref input);
            if (nextKey is null)
            {
                throw new InvalidDataException($"A key of a dictionary is null at byte {input.Position}.");
            }

            pairs.Add(new KeyValuePair<TKey, TValue>(nextKey, value.Read(ref input)));
        }

        var map = access.Create(pairs.Span);
        pairs.Dispose();
        return map;
    }

    public override TMap Copy(TMap map)
    {
        if (map is null || IsImmutable)
        {
            return map;
        }

        CheckType(map);
        var pairs = Scratch<KeyValuePair<TKey, TValue>>.Empty(FirstChunk);
        access.CopyTo(map, ref pairs);
        foreach (ref var pair in pairs.Span)
        {
            pair = new KeyValuePair<TKey, TValue>(key.Copy(pair.Key), value.Copy(pair.Value));
        }

        var copy = access.Create(pairs.Span);
        pairs.Dispose();
        return copy;
    }

    internal override TypeSchema Describe(SchemaPath path) => new(SchemaKind.Map, "", [], [key.Describe(path), value.Describe(path)]);

    internal override ShapeSerializer<TMap> ReadingOf(TypeSchema written, Migration migration) => written.Kind == SchemaKind.Map
        ? new MapSerializer<TMap, TKey, TValue>(access, migration.Read(key, written.Items[0], "[key]"), migration.Read(value, written.Items[1], "[value]"))
        : migration.Refuse(this, written);

    internal override bool ComputeImmutable(HashSet<object> assumed) =>
        access.IsImmutable && key.ComputeImmutable(assumed) && value.ComputeImmutable(assumed);

    private static void CheckType(TMap map)
    {
        if (HasSubclasses && map!.GetType() != typeof(TMap))
        {
            ThrowSubclass(map);
        }
    }

    private void WritePair(ref BinaryOutput output, KeyValuePair<TKey, TValue> pair)
    {
        key.Write(ref output, pair.Key);
        value.Write(ref output, pair.Value);
    }
}

/// <summary>How to look into a kind of dictionary, and how to make one.</summary>
internal sealed class MapAccess<TMap, TKey, TValue>(IDictionaryTypeShape<TMap, TKey, TValue> shape)
    where TKey : notnull
{
    private readonly Func<TMap, IReadOnlyDictionary<TKey, TValue>> _view = shape.GetGetDictionary();
    private readonly MutableCollectionConstructor<TKey, TMap>? _begin =
        shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetDefaultConstructor() : null;

    private readonly DictionaryInserter<TMap, TKey, TValue>? _insert =
        shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetInserter(DictionaryInsertionMode.None) : null;

    private readonly ParameterizedCollectionConstructor<TKey, KeyValuePair<TKey, TValue>, TMap>? _construct =
        shape.ConstructionStrategy == CollectionConstructionStrategy.Parameterized ? shape.GetParameterizedConstructor() : null;

    public bool IsImmutable { get; } = CollectionKinds.IsImmutable(typeof(TMap));

    public void CopyTo(TMap map, ref Scratch<KeyValuePair<TKey, TValue>> pairs)
    {
        foreach (var pair in _view(map))
        {
            pairs.Add(pair);
        }
    }

    public TMap Create(ReadOnlySpan<KeyValuePair<TKey, TValue>> pairs)
    {
        try
        {
            if (_construct is not null)
            {
                return _construct(pairs);
            }

            var map = _begin!(new CollectionConstructionOptions<TKey> { Capacity = pairs.Length });
            foreach (var pair in pairs)
            {
                _insert!(ref map, pair.Key, pair.Value);
            }

            return map;
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"The entries do not make a {TypeNames.Of(typeof(TMap))}: {exception.Message}", exception);
        }
    }
}
