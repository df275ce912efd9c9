using System.Reflection;

namespace Millrace.Connectors;

/// <summary>A member of a record that a column holds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Parameter">The constructor's parameter that takes it, if one does.</param>
/// <param name="Member">The property or field.</param>
internal sealed record ParquetMember(string Name, Type Type, ParameterInfo? Parameter, MemberInfo Member);

/// <summary>How a record type is made from columns: by a constructor whose parameters are named after members, and by setting the other members.</summary>
internal sealed class ParquetRecordShape
{
    private ParquetRecordShape(ConstructorInfo? constructor, ParquetMember[] members)
    {
        Constructor = constructor;
        Members = members;
    }

    /// <summary>The constructor; <see langword="null"/> for a struct's default.</summary>
    public ConstructorInfo? Constructor { get; }

    /// <summary>The members: the constructor's parameters in their order, then the others in the order of declaration.</summary>
    public ParquetMember[] Members { get; }

    public static ParquetRecordShape Of(Type type)
    {
        var readable = new List<ParquetMember>();
        var settable = new List<ParquetMember>();
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0 && p.GetMethod is { IsPublic: true }))
        {
            Add(new ParquetMember(property.Name, property.PropertyType, null, property), property.SetMethod is { IsPublic: true });
        }

        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            Add(new ParquetMember(field.Name, field.FieldType, null, field), !field.IsInitOnly);
        }

        // The longest constructor that only asks for members: a record's primary one, and never its copy constructor.
        var constructor = type.GetConstructors()
            .Where(c => c.GetParameters().All(p => Find(p) is not null))
            .MaxBy(c => c.GetParameters().Length);
        if (type.IsAbstract || (constructor is null && !type.IsValueType))
        {
            throw new ConnectorException(
                ParquetErrors.Options,
                $"{type.Name} cannot be a row of Parquet: it needs a public constructor without parameters, or one whose parameters are named after its properties and have their types.");
        }

        var parameters = constructor?.GetParameters().Select(p => Find(p)! with { Parameter = p }).ToArray() ?? [];
        ParquetMember[] members = [.. parameters, .. settable.Where(m => !parameters.Any(p => p.Member == m.Member))];
        if (members.Length == 0)
        {
            throw new ConnectorException(ParquetErrors.Options, $"{type.Name} has no public members that columns could fill. Take a record with a member for each column.");
        }

        if (members.FirstOrDefault(m => !ParquetValues.CanHold(m.Type)) is { } strange)
        {
            throw new ConnectorException(
                ParquetErrors.Options,
                $"{type.Name}.{strange.Name} is a {strange.Type.Name}, which a column of Parquet cannot hold here. Take a type without it: numbers, bools, strings, enums, dates and times, "
                + "Guids, decimals, byte arrays, and these as nullables.");
        }

        return new ParquetRecordShape(constructor, members);

        void Add(ParquetMember member, bool canSet)
        {
            readable.Add(member);
            if (canSet)
            {
                settable.Add(member);
            }
        }

        ParquetMember? Find(ParameterInfo parameter) =>
            readable.Find(m => string.Equals(m.Name, parameter.Name, StringComparison.OrdinalIgnoreCase) && m.Type == parameter.ParameterType);
    }
}
