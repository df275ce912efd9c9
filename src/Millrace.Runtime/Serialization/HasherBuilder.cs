using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Millrace.Serialization;
using PolyType;
using PolyType.Abstractions;
using PolyType.ReflectionProvider;

namespace Millrace.Runtime.Serialization;

/// <summary>Makes the hasher of a key type from its shape, or says why the type is none: a hash must be equal for equal keys.</summary>
/// <param name="compiles">Whether code is made for a type, where code can be made.</param>
internal sealed class HasherBuilder(bool compiles = true) : TypeShapeVisitor
{
    private const string Instead = "Use a record, a struct, a tuple or a string of what identifies the key";

    private readonly Dictionary<Type, object?> _made = [];
    private readonly List<string> _path = [];

    public static bool TryBuild<T>([NotNullWhen(true)] out StableHasher<T>? hasher, [NotNullWhen(false)] out string? refusal, bool compiles = true)
    {
        refusal = null;
        hasher = null;
        try
        {
            if (Refusals.Find(typeof(T)) is { } reason)
            {
                throw new NotSerializableException($"{TypeNames.Of(typeof(T))} {reason}");
            }

            hasher = new HasherBuilder(compiles).Build(ReflectionTypeShapeProvider.Default.GetTypeShapeOrThrow<T>(), TypeNames.Of(typeof(T)));
            return true;
        }
        catch (NotSerializableException exception)
        {
            refusal = exception.Message;
            return false;
        }
    }

    public StableHasher<T> Build<T>(ITypeShape<T> shape, string step)
    {
        _path.Add(step);
        var hasher = Find(shape);
        _path.RemoveAt(_path.Count - 1);
        return hasher;
    }

    public override object? VisitObject<T>(IObjectTypeShape<T> objectShape, object? state = null)
    {
        if (typeof(T) == typeof(Uri))
        {
            return Refuse($" is a Uri, whose equality ignores parts of it. Use its text as the key.");
        }

        if (Refusals.FindForObject(typeof(T)) is { } framework)
        {
            return Refuse(" " + framework);
        }

        var members = ObjectMembers.Of(objectShape);
        if (members.Problem is not null)
        {
            return Refuse(members.Problem);
        }

        var visitor = new MemberVisitor<T>(this);
        var hashers = members.Members.Select(m => (m.Property, Hasher: (MemberHasher<T>)m.Property.Accept(visitor)!)).ToList();
        return compiles && CompiledHasher<T>.TryCompile([.. hashers.Select(member => (member.Property, member.Hasher.OfValue))]) is { } compiled
            ? compiled
            : new ObjectHasher<T>([.. hashers.Select(member => member.Hasher)]);
    }

    public override object? VisitEnum<TEnum, TUnderlying>(IEnumTypeShape<TEnum, TUnderlying> enumShape, object? state = null) =>
        new EnumHasher<TEnum, TUnderlying>(ScalarHashers.Find<TUnderlying>()!);

    public override object? VisitOptional<TOptional, TElement>(IOptionalTypeShape<TOptional, TElement> optionalShape, object? state = null)
        where TElement : default => new OptionalHasher<TOptional, TElement>(optionalShape.GetDeconstructor(), Build(optionalShape.ElementType, ""));

    public override object? VisitEnumerable<TEnumerable, TElement>(IEnumerableTypeShape<TEnumerable, TElement> enumerableShape, object? state = null) =>
        RefuseCollection(typeof(TEnumerable));

    public override object? VisitDictionary<TDictionary, TKey, TValue>(IDictionaryTypeShape<TDictionary, TKey, TValue> dictionaryShape, object? state = null) =>
        RefuseCollection(typeof(TDictionary));

    public override object? VisitSurrogate<T, TSurrogate>(ISurrogateTypeShape<T, TSurrogate> surrogateShape, object? state = null) => Refuse(
        $" is written as another type, so that the engine does not know what makes two values of {TypeNames.Of(typeof(T))} equal. Implement IStableHashable.");

    public override object? VisitUnion<TUnion>(IUnionTypeShape<TUnion> unionShape, object? state = null)
    {
        var cases = new List<UnionCaseHasher<TUnion>>();
        foreach (var unionCase in unionShape.UnionCases)
        {
            cases.Add((UnionCaseHasher<TUnion>)unionCase.Accept(this)!);
        }

        if (unionShape.BaseType is IObjectTypeShape<TUnion> { Constructor: not null } baseShape)
        {
            cases.Add(new UnionCaseHasher<TUnion, TUnion>(TypeNames.Of(typeof(TUnion)), null, (StableHasher<TUnion>)baseShape.Accept(this)!));
        }

        return new UnionHasher<TUnion>(unionShape.GetGetUnionCaseIndex(), [.. cases]);
    }

    public override object? VisitUnionCase<TUnionCase, TUnion>(IUnionCaseShape<TUnionCase, TUnion> unionCaseShape, object? state = null)
    {
        var shape = unionCaseShape.UnionCaseType;
        var hasher = typeof(TUnionCase) == typeof(TUnion) ? (StableHasher<TUnionCase>)shape.Accept(this)! : Build(shape, $" as {unionCaseShape.Name}");
        return new UnionCaseHasher<TUnion, TUnionCase>(unionCaseShape.Name, unionCaseShape.Marshaler, hasher);
    }

    public override object? VisitFunction<TFunction, TArgumentState, TResult>(IFunctionTypeShape<TFunction, TArgumentState, TResult> functionShape, object? state = null) =>
        Refuse($" is a function ({TypeNames.Of(typeof(TFunction))}), which no other equals. {Instead}.");

    private StableHasher<T> Find<T>(ITypeShape<T> shape)
    {
        if (ScalarHashers.Find<T>() is { } scalar)
        {
            return scalar;
        }

        if (Refusals.Find(typeof(T)) is { } refusal)
        {
            Refuse(" " + refusal);
        }

        if (shape.Kind is TypeShapeKind.Object or TypeShapeKind.Union && Refusals.FindForObject(typeof(T)) is null && !HasValueEquality(typeof(T)))
        {
            Refuse($" is a class without an equality of its own ({TypeNames.Of(typeof(T))}): two keys with the same content would be different keys. "
                + "Make it a record, or override Equals and GetHashCode.");
        }

        if (typeof(IStableHashable).IsAssignableFrom(typeof(T)))
        {
            return (StableHasher<T>)Activator.CreateInstance(typeof(OwnHasher<>).MakeGenericType(typeof(T)))!;
        }

        if (_made.TryGetValue(typeof(T), out object? made))
        {
            if (made is null)
            {
                _made[typeof(T)] = made = new RecursiveHasher<T>();
            }

            return (StableHasher<T>)made;
        }

        _made.Add(typeof(T), null);
        var hasher = (StableHasher<T>)shape.Accept(this)!;
        if (_made[typeof(T)] is RecursiveHasher<T> standIn)
        {
            standIn.Target = hasher;
        }

        _made[typeof(T)] = hasher;
        return hasher;
    }

    // Structs compare their fields; a class has to say that it does.
    private static bool HasValueEquality(Type type) =>
        type.IsValueType
        || type.IsInterface
        || typeof(IEquatable<>).MakeGenericType(type).IsAssignableFrom(type)
        || type.GetMethod(nameof(Equals), BindingFlags.Instance | BindingFlags.Public, [typeof(object)])!.DeclaringType != typeof(object);

    private object? RefuseCollection(Type type) => Refuse(
        $" is a collection ({TypeNames.Of(type)}), which equals only itself: two keys with the same elements would be different keys. {Instead}, "
        + "or a type of your own with Equals and IStableHashable.");

    [DoesNotReturn]
    private object? Refuse(string reason)
    {
        string message = string.Concat(_path) + reason;
        throw new NotSerializableException(message);
    }

    /// <summary>Makes the members of one object.</summary>
    private sealed class MemberVisitor<T>(HasherBuilder builder) : TypeShapeVisitor
    {
        public override object? VisitProperty<TDeclaringType, TPropertyType>(IPropertyShape<TDeclaringType, TPropertyType> propertyShape, object? state = null) =>
            new MemberHasher<T, TPropertyType>(
                (Getter<T, TPropertyType>)(object)propertyShape.GetGetter(), builder.Build(propertyShape.PropertyType, "." + propertyShape.Name));
    }
}
