using System.Reflection;
using System.Runtime.Serialization;
using PolyType;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>Which members of an object are written: those that can be read, and restored through the constructor or a setter.</summary>
/// <param name="Members">The members, and the parameter that restores each; null where its setter does.</param>
/// <param name="Problem">Why the object cannot be written; null when it can. Continues a sentence that starts with the object's path.</param>
internal sealed record ObjectMembers(IReadOnlyList<(IPropertyShape Property, IParameterShape? Parameter)> Members, string? Problem)
{
    // The bit of [NonSerialized]. Its name in the framework is obsolete, as is the serialization it was made for; the attribute is not.
    private const FieldAttributes NotSerialized = (FieldAttributes)0x0080;

    public static ObjectMembers Of(IObjectTypeShape shape)
    {
        var type = shape.Type;
        if (shape.Constructor is not { } constructor)
        {
            return new ObjectMembers([], " " + Refusals.WithoutConstructor(type));
        }

        var members = new List<(IPropertyShape, IParameterShape?)>();
        var unmatched = constructor.Parameters.ToDictionary(p => p.Name, StringComparer.Ordinal);
        foreach (var property in shape.Properties)
        {
            if (property.HasGetter && unmatched.TryGetValue(property.Name, out var parameter) && parameter.ParameterType.Type == property.PropertyType.Type)
            {
                unmatched.Remove(property.Name);
                members.Add((property, parameter));
            }
            else if (property is { HasGetter: true, HasSetter: true } && constructor.Parameters.Count == 0)
            {
                members.Add((property, null));
            }
        }

        if (unmatched.Values.FirstOrDefault(p => p.Kind == ParameterKind.MethodParameter && !p.HasDefaultValue) is { } lost)
        {
            return new ObjectMembers([], $" cannot be restored: no member of {TypeNames.Of(type)} that can be read gives the constructor's parameter "
                + $"{lost.Name} ({TypeNames.Of(lost.ParameterType.Type)}). Add a property of that name and type, or register a serializer.");
        }

        return new ObjectMembers(members, FindLoss(shape, [.. members.Select(m => m.Item1)]));
    }

    /// <summary>The fields of an object, its ancestors' included.</summary>
    public static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        for (var declaring = type; declaring is not null && declaring != typeof(object) && declaring != typeof(ValueType); declaring = declaring.BaseType)
        {
            foreach (var field in declaring.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }

    // State that is silently left behind would be missed only after a restore, so every field must belong to a member that is written.
    private static string? FindLoss(IObjectTypeShape shape, IPropertyShape[] written)
    {
        if (shape.IsTupleType || shape.Type.Namespace == "System.Collections.Generic")
        {
            return null;
        }

        foreach (var field in FieldsOf(shape.Type))
        {
            var (name, isProperty) = MemberOf(field);
            if (Array.Exists(written, w => Matches(w, field, name)) || IsLeftOut(field, name, isProperty))
            {
                continue;
            }

            string what = Refusals.Find(field.FieldType) is { } refusal ? $".{name} {refusal}"
                : isProperty ? $".{name} holds data, but cannot be restored: it has neither a setter nor a parameter of its name and type in the constructor. "
                    + "Give it an init accessor, or leave it out with [PropertyShape(Ignore = true)]."
                : field.IsPublic ? $".{name} is a read-only field, which cannot be restored. Make it a property with an init accessor, or leave it out with [PropertyShape(Ignore = true)]."
                : $".{name} is a private field, which is not written. Make it a property with get and init, mark it [NonSerialized] "
                    + $"if it may be lost, or register a serializer for {TypeNames.Of(shape.Type)}.";
            return what;
        }

        return null;
    }

    private static bool Matches(IPropertyShape written, FieldInfo field, string name) =>
        written.MemberInfo is { } member
            ? member == field || Same(member.Name, name)
            : Same(written.Name, name);

    private static bool Same(string member, string field) => string.Equals(member, field, StringComparison.OrdinalIgnoreCase);

    // <Name>k__BackingField belongs to the property Name, <name>P to the primary constructor's parameter, _name and m_name to Name by convention.
    private static (string Name, bool IsProperty) MemberOf(FieldInfo field)
    {
        string name = field.Name;
        int end = name.IndexOf('>', StringComparison.Ordinal);
        if (name.StartsWith('<') && end > 1)
        {
            return (name[1..end], name.EndsWith("k__BackingField", StringComparison.Ordinal) && IsPublic(field, name[1..end]));
        }

        return (field.IsPublic ? name : name.StartsWith("m_", StringComparison.Ordinal) ? name[2..] : name.TrimStart('_'), false);
    }

    private static bool IsPublic(FieldInfo field, string property) => PropertyOf(field, property)?.GetMethod is { IsPublic: true };

    private static bool IsLeftOut(FieldInfo field, string name, bool isProperty)
    {
        var property = PropertyOf(field, name);
        return (field.Attributes & NotSerialized) != 0 || IsIgnored(field) || (property is not null && IsIgnored(property));
    }

    private static bool IsIgnored(MemberInfo member) =>
        member.GetCustomAttribute<PropertyShapeAttribute>() is { Ignore: true } || member.IsDefined(typeof(IgnoreDataMemberAttribute));

    private static PropertyInfo? PropertyOf(FieldInfo field, string name) => field.DeclaringType!.GetProperty(
        name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly | BindingFlags.IgnoreCase);
}
