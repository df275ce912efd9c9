using System.Reflection;

namespace Millrace.Connectors;

/// <summary>A member of a record that a CSV column holds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Parameter">The constructor's parameter that takes it, if one does.</param>
/// <param name="Member">The property or field.</param>
/// <param name="CanSet">Whether the property or field can be set.</param>
internal sealed record CsvMember(string Name, Type Type, ParameterInfo? Parameter, MemberInfo Member, bool CanSet);

/// <summary>How a record type is made from columns: by a constructor whose parameters are named after members, and by setting the other members.</summary>
internal sealed class CsvTypeShape
{
    private CsvTypeShape(ConstructorInfo? constructor, CsvMember[] members)
    {
        Constructor = constructor;
        Members = members;
    }

    /// <summary>The constructor; <see langword="null"/> for a struct's default.</summary>
    public ConstructorInfo? Constructor { get; }

    /// <summary>The members: the constructor's parameters in their order, then the others in the order of declaration.</summary>
    public CsvMember[] Members { get; }

    public static CsvTypeShape Of(Type type)
    {
        var all = new List<CsvMember>();
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length == 0 && property.GetMethod is { IsPublic: true })
            {
                all.Add(new CsvMember(property.Name, property.PropertyType, null, property, property.SetMethod is { IsPublic: true }));
            }
        }

        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            all.Add(new CsvMember(field.Name, field.FieldType, null, field, !field.IsInitOnly));
        }

        // The longest constructor that only asks for members: a record's primary one, and never its copy constructor.
        var constructor = type.GetConstructors()
            .Where(c => c.GetParameters().All(p => Find(all, p) is not null))
            .OrderByDescending(c => c.GetParameters().Length)
            .FirstOrDefault();
        if (type.IsAbstract || (constructor is null && !type.IsValueType))
        {
            throw new ConnectorException(
                FileErrors.Options,
                $"{type.Name} cannot be read from CSV: it needs a public constructor without parameters, or one whose parameters are named after its "
                + "properties and have their types.");
        }

        var parameters = constructor?.GetParameters().Select(p => Find(all, p)! with { Parameter = p }).ToArray() ?? [];
        CsvMember[] members = [.. parameters, .. all.Where(m => m.CanSet && !parameters.Any(p => p.Member == m.Member))];
        foreach (var member in members)
        {
            if (!CsvFields.CanHold(member.Type))
            {
                throw new ConnectorException(
                    FileErrors.Options,
                    $"{type.Name}.{member.Name} is a {member.Type.Name}, which a CSV field cannot hold. Take a type without it, or JSON lines.");
            }
        }

        return members.Length > 0
            ? new CsvTypeShape(constructor, members)
            : throw new ConnectorException(
                FileErrors.Options, $"{type.Name} has no public members that CSV columns could fill. Read into a record with a member for each column.");
    }

    private static CsvMember? Find(List<CsvMember> members, ParameterInfo parameter) =>
        members.Find(m => string.Equals(m.Name, parameter.Name, StringComparison.OrdinalIgnoreCase) && m.Type == parameter.ParameterType);
}
