using System.Globalization;
using System.Reflection;
using CsvHelper;

namespace Millrace.Connectors;

/// <summary>Reads and writes single fields, by type. The generic methods are called from compiled code, by name.</summary>
internal static class CsvFields
{
    public static bool CanHold(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(string) || type.IsEnum || IsParsable(type);
    }

    /// <summary>The method <c>X Read(CsvReader reader, int field)</c> of a type.</summary>
    public static MethodInfo ReadMethod(Type type) => type == typeof(string)
        ? Method(nameof(ReadString))
        : Nullable.GetUnderlyingType(type) is { } underlying
            ? Method(underlying.IsEnum ? nameof(ReadNullableEnum) : nameof(ReadNullable), underlying)
            : Method(type.IsEnum ? nameof(ReadEnum) : nameof(Read), type);

    /// <summary>The method <c>void Write(CsvWriter writer, X value)</c> of a type.</summary>
    public static MethodInfo WriteMethod(Type type)
    {
        if (type == typeof(string))
        {
            return Method(nameof(WriteString));
        }

        if (type == typeof(bool))
        {
            return Method(nameof(WriteBoolean));
        }

        var underlying = Nullable.GetUnderlyingType(type);
        if (typeof(IUtf8SpanFormattable).IsAssignableFrom(underlying ?? type) && !(underlying ?? type).IsEnum)
        {
            return underlying is null ? Method(nameof(WriteFormattable), type) : Method(nameof(WriteNullable), underlying);
        }

        return Method(nameof(WriteText), type);
    }

    private static string ReadString(CsvReader reader, int field) => reader.GetString(field);

    private static T Read<T>(CsvReader reader, int field)
        where T : ISpanParsable<T> =>
        reader.Parse<T>(field);

    private static T? ReadNullable<T>(CsvReader reader, int field)
        where T : struct, ISpanParsable<T> =>
        reader.IsEmpty(field) ? null : reader.Parse<T>(field);

    private static T ReadEnum<T>(CsvReader reader, int field)
        where T : struct, Enum =>
        CsvEnumExtensions.Parse<T>(reader, field);

    private static T? ReadNullableEnum<T>(CsvReader reader, int field)
        where T : struct, Enum =>
        reader.IsEmpty(field) ? null : CsvEnumExtensions.Parse<T>(reader, field);

    private static void WriteString(CsvWriter writer, string? value) => writer.WriteField(value);

    private static void WriteBoolean(CsvWriter writer, bool value) => writer.WriteField(value);

    private static void WriteFormattable<T>(CsvWriter writer, T value)
        where T : IUtf8SpanFormattable =>
        writer.WriteField(value, default);

    private static void WriteNullable<T>(CsvWriter writer, T? value)
        where T : struct, IUtf8SpanFormattable =>
        writer.WriteField(value, default);

    private static void WriteText<T>(CsvWriter writer, T value) =>
        writer.WriteField(value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value?.ToString());

    private static bool IsParsable(Type type) =>
        type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ISpanParsable<>) && i.GenericTypeArguments[0] == type);

    private static MethodInfo Method(string name, params Type[] arguments)
    {
        var method = typeof(CsvFields).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Static)!;
        return arguments.Length == 0 ? method : method.MakeGenericMethod(arguments);
    }
}
