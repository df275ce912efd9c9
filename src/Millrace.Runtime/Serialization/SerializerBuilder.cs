using System.Diagnostics.CodeAnalysis;
using PolyType;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>Makes the serializers of a type and of all it contains, from its shape.</summary>
/// <param name="registry">Has the user's own serializers, and what was made before.</param>
internal sealed class SerializerBuilder(SerializerRegistry registry) : TypeShapeVisitor
{
    private readonly Dictionary<Type, object> _complete = [];
    private readonly List<Pending> _pending = [];
    private readonly List<string> _path = [];

    /// <summary>What was made on the way.</summary>
    public IReadOnlyDictionary<Type, object> Complete => _complete;

    public ShapeSerializer<T> Build<T>(ITypeShape<T> shape, string step)
    {
        _path.Add(step);
        var serializer = Find(shape);
        _path.RemoveAt(_path.Count - 1);
        return serializer;
    }

    public override object? VisitObject<T>(IObjectTypeShape<T> objectShape, object? state = null)
    {
        if (Refusals.FindForObject(typeof(T)) is { } framework)
        {
            Refuse(" " + framework);
        }

        var members = ObjectMembers.Of(objectShape);
        // A member that cannot be written is the better message than a constructor that does not fit it.
        foreach (var property in objectShape.Properties)
        {
            if (members.Problem is not null && property is { HasGetter: true, HasSetter: true } && Refusals.Find(property.PropertyType.Type) is { } refusal)
            {
                Refuse($".{property.Name} {refusal}");
            }
        }

        if (members.Problem is not null)
        {
            Refuse(members.Problem);
        }

        return objectShape.Constructor!.Accept(this, members);
    }

    public override object? VisitConstructor<TDeclaringType, TArgumentState>(IConstructorShape<TDeclaringType, TArgumentState> constructorShape, object? state = null)
    {
        var members = ((ObjectMembers)state!).Members;
        return constructorShape.Parameters.Count == 0
            ? Object<TDeclaringType, TDeclaringType>(constructorShape.GetDefaultConstructor(), null, members)
            : Object(constructorShape.GetArgumentStateConstructor(), constructorShape.GetParameterizedConstructor(), members);
    }

    public override object? VisitEnum<TEnum, TUnderlying>(IEnumTypeShape<TEnum, TUnderlying> enumShape, object? state = null) =>
        new EnumSerializer<TEnum, TUnderlying>(Build(enumShape.UnderlyingType, ""), enumShape.Members);

    public override object? VisitOptional<TOptional, TElement>(IOptionalTypeShape<TOptional, TElement> optionalShape, object? state = null)
        where TElement : default => new OptionalSerializer<TOptional, TElement>(
            Build(optionalShape.ElementType, ""), optionalShape.GetDeconstructor(), optionalShape.GetNoneConstructor(), optionalShape.GetSomeConstructor());

    public override object? VisitEnumerable<TEnumerable, TElement>(IEnumerableTypeShape<TEnumerable, TElement> enumerableShape, object? state = null)
    {
        if (ListAccess<TEnumerable, TElement>.Find(enumerableShape) is not { } access)
        {
            string reason = enumerableShape.Rank > 1 ? "is an array of several dimensions ({0}). Use an array of arrays."
                : enumerableShape.IsAsyncEnumerable ? "is an asynchronous sequence ({0}): work under way cannot be written. Keep its elements in a list."
                : "is a collection that the engine cannot make ({0}). Give it a public constructor without parameters and an Add method, or use a List.";
            return Refuse(" " + string.Format(System.Globalization.CultureInfo.InvariantCulture, reason, TypeNames.Of(typeof(TEnumerable))));
        }

        return new ListSerializer<TEnumerable, TElement>(access, Build(enumerableShape.ElementType, "[]"));
    }

    public override object? VisitDictionary<TDictionary, TKey, TValue>(IDictionaryTypeShape<TDictionary, TKey, TValue> dictionaryShape, object? state = null)
    {
        if (dictionaryShape.ConstructionStrategy == CollectionConstructionStrategy.None)
        {
            Refuse($" is a dictionary that the engine cannot make ({TypeNames.Of(typeof(TDictionary))}). Use a Dictionary.");
        }

        return new MapSerializer<TDictionary, TKey, TValue>(
            new MapAccess<TDictionary, TKey, TValue>(dictionaryShape), Build(dictionaryShape.KeyType, "[key]"), Build(dictionaryShape.ValueType, "[value]"));
    }

    public override object? VisitSurrogate<T, TSurrogate>(ISurrogateTypeShape<T, TSurrogate> surrogateShape, object? state = null)
    {
        var marshaler = surrogateShape.Marshaler;
        return new ConvertingSerializer<TSurrogate, T>(Build(surrogateShape.SurrogateType, ""), value => marshaler.Marshal(value)!, wire => marshaler.Unmarshal(wire)!);
    }

    public override object? VisitUnion<TUnion>(IUnionTypeShape<TUnion> unionShape, object? state = null)
    {
        var cases = new List<UnionCase<TUnion>>();
        foreach (var unionCase in unionShape.UnionCases)
        {
            cases.Add((UnionCase<TUnion>)unionCase.Accept(this)!);
        }

        // The base type is a case itself where it can be made, unless it is declared as one.
        if (unionShape.BaseType is IObjectTypeShape<TUnion> { Constructor: not null } baseShape && !cases.Exists(c => c.Type == typeof(TUnion)))
        {
            cases.Add(new UnionCase<TUnion, TUnion>(TypeNames.Of(typeof(TUnion)), ((ShapeSerializer<TUnion>)baseShape.Accept(this)!).Body, null));
        }

        var all = cases.ToArray();
        return new UnionSerializer<TUnion>(unionShape.GetGetUnionCaseIndex(), all, all);
    }

    public override object? VisitUnionCase<TUnionCase, TUnion>(IUnionCaseShape<TUnionCase, TUnion> unionCaseShape, object? state = null)
    {
        // A case of the base type itself would be the union again.
        var shape = unionCaseShape.UnionCaseType;
        var serializer = typeof(TUnionCase) == typeof(TUnion) ? (ShapeSerializer<TUnionCase>)shape.Accept(this)! : Build(shape, $" as {unionCaseShape.Name}");
        var body = serializer is RecursiveSerializer<TUnionCase> pending ? new RecursiveSerializer<TUnionCase>(pending) : serializer.Body;
        return new UnionCase<TUnion, TUnionCase>(unionCaseShape.Name, body, unionCaseShape.Marshaler);
    }

    public override object? VisitFunction<TFunction, TArgumentState, TResult>(IFunctionTypeShape<TFunction, TArgumentState, TResult> functionShape, object? state = null) =>
        Refuse(" is a function (" + TypeNames.Of(typeof(TFunction)) + "): code cannot be written. Keep the data in the record and the code in the function.");

    private ShapeSerializer<T> Find<T>(ITypeShape<T> shape)
    {
        if (registry.FindCustom<T>() is { } custom)
        {
            var wrapped = new CustomSerializer<T>(custom);
            return typeof(T).IsValueType ? wrapped : new ReferenceSerializer<T>(wrapped);
        }

        if (Scalars.Find<T>() is { } scalar)
        {
            return scalar;
        }

        if (_complete.TryGetValue(typeof(T), out object? known) || registry.TryGetMade(typeof(T), out known))
        {
            return (ShapeSerializer<T>)known;
        }

        if (Refusals.Find(typeof(T)) is { } refusal)
        {
            Refuse(" " + refusal);
        }

        int position = _pending.FindIndex(p => p.Type == typeof(T));
        if (position >= 0)
        {
            if (!_pending.Skip(position).Any(p => p.IsNamed))
            {
                Refuse($" is a collection that contains itself ({TypeNames.Of(typeof(T))}). Put an object with a member of that type between.");
            }

            return (ShapeSerializer<T>)(_pending[position].StandIn ??= new RecursiveSerializer<T>());
        }

        var pending = new Pending(typeof(T), shape.Kind is TypeShapeKind.Object or TypeShapeKind.Union);
        _pending.Add(pending);
        var serializer = (ShapeSerializer<T>)shape.Accept(this)!;
        _pending.RemoveAt(_pending.Count - 1);
        if (pending.StandIn is RecursiveSerializer<T> standIn)
        {
            standIn.Target = serializer;
        }

        _complete.Add(typeof(T), serializer);
        return serializer;
    }

    private ShapeSerializer<T> Object<T, TState>(
        Func<TState> begin, Constructor<TState, T>? construct, IReadOnlyList<(IPropertyShape Property, IParameterShape? Parameter)> members)
    {
        var visitor = new MemberVisitor<T, TState>(this);
        var serialized = members.Select(m => (ObjectMember<T, TState>)m.Property.Accept(visitor, m.Parameter)!).ToArray();
        bool isFrozen = typeof(T).IsValueType || ObjectMembers.FieldsOf(typeof(T)).All(f => f.IsInitOnly);
        ReadStep<TState>[] steps = serialized.Length == 0 ? [new SkipStep<TState>(Skipper.OfBytes(1))] : [.. serialized];
        var body = new ObjectSerializer<T, TState>(begin, construct, serialized, steps, isFrozen);
        return typeof(T).IsValueType ? body : new ReferenceSerializer<T>(body);
    }

    [DoesNotReturn]
    private object? Refuse(string reason)
    {
        string message = string.Concat(_path) + reason;
        throw new NotSerializableException(message);
    }

    /// <summary>A type that is being made, and what stands for it where it is needed meanwhile.</summary>
    private sealed class Pending(Type type, bool isNamed)
    {
        public Type Type => type;

        public bool IsNamed => isNamed;

        public object? StandIn { get; set; }
    }

    /// <summary>Makes the members of one object, whose state's type the visitor of shapes does not know.</summary>
    private sealed class MemberVisitor<T, TState>(SerializerBuilder builder) : TypeShapeVisitor
    {
        public override object? VisitProperty<TDeclaringType, TPropertyType>(IPropertyShape<TDeclaringType, TPropertyType> propertyShape, object? state = null)
        {
            var serializer = builder.Build(propertyShape.PropertyType, "." + propertyShape.Name);
            var set = state is IParameterShape<TState, TPropertyType> parameter
                ? parameter.GetSetter()
                : (Setter<TState, TPropertyType>)(object)propertyShape.GetSetter();
            var get = (Getter<T, TPropertyType>)(object)propertyShape.GetGetter();
            return new ObjectMember<T, TState, TPropertyType>(propertyShape.Name, get, set, serializer, RawMembers.OffsetOf(propertyShape, get, serializer.IsRaw));
        }
    }
}

/// <summary>Ends the making of a serializer where a part is refused; never leaves this namespace.</summary>
internal sealed class NotSerializableException(string message) : Exception(message);
