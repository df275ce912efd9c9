namespace Millrace.Runtime.Serialization;

/// <summary>Names of types as a C# programmer writes them, for schemas and messages.</summary>
internal static class TypeNames
{
    public static string Of(Type type)
    {
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (type.IsPointer || type.IsByRef)
        {
            return Of(type.GetElementType()!) + (type.IsPointer ? "*" : "&");
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying) + "?";
        }

        if (!type.IsGenericType)
        {
            return Keyword(type) ?? type.Name;
        }

        string arguments = string.Join(", ", type.GetGenericArguments().Select(Of));
        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        if (type.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal))
        {
            return $"({arguments})";
        }

        return tick < 0 ? $"{type.Name}<{arguments}>" : $"{type.Name[..tick]}<{arguments}>";
    }

    private static string? Keyword(Type type) => type.IsEnum ? null : type == typeof(object) ? "object" : Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => "bool",
        TypeCode.Char => "char",
        TypeCode.SByte => "sbyte",
        TypeCode.Byte => "byte",
        TypeCode.Int16 => "short",
        TypeCode.UInt16 => "ushort",
        TypeCode.Int32 => "int",
        TypeCode.UInt32 => "uint",
        TypeCode.Int64 => "long",
        TypeCode.UInt64 => "ulong",
        TypeCode.Single => "float",
        TypeCode.Double => "double",
        TypeCode.Decimal => "decimal",
        TypeCode.String => "string",
        _ => null,
    };
}
