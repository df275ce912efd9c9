using System.Linq.Expressions;
using System.Reflection;
using ParquetSharp;

namespace Millrace.Connectors;

/// <summary>Converts values of columns to members of records and back. The methods are called from compiled code, by name.</summary>
internal static class ParquetValues
{
    private static readonly HashSet<Type> Whole = [typeof(sbyte), typeof(byte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong)];
    private static readonly HashSet<Type> Others =
    [
        typeof(bool), typeof(float), typeof(double), typeof(Half), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan),
    ];

    /// <summary>Whether a member of the type can be read or written.</summary>
    public static bool CanHold(Type type)
    {
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(string) || type == typeof(byte[]) || bare.IsEnum || Whole.Contains(bare) || Others.Contains(bare);
    }

    /// <summary>Makes a member's value of a column's.</summary>
    /// <param name="value">The column's value.</param>
    /// <param name="to">The member's type.</param>
    /// <returns>The value; <see langword="null"/> where there is no way from one to the other that keeps the value.</returns>
    public static Expression? Read(Expression value, Type to)
    {
        if (value.Type == to)
        {
            return value;
        }

        var fromBare = Nullable.GetUnderlyingType(value.Type);
        var toBare = Nullable.GetUnderlyingType(to);
        if (fromBare is not null)
        {
            var converted = Read(Expression.Property(value, "Value"), toBare ?? to);
            return converted is null ? null : Expression.Condition(
                Expression.Property(value, "HasValue"),
                toBare is null ? converted : Expression.Convert(converted, to),
                toBare is null ? Expression.Call(Method(nameof(NotNull)).MakeGenericMethod(to)) : Expression.Default(to));
        }

        if (toBare is not null)
        {
            var converted = Read(value, toBare);
            return converted is null
                ? null
                : value.Type.IsValueType
                    ? Expression.Convert(converted, to)
                    : Expression.Condition(Expression.ReferenceEqual(value, Expression.Constant(null)), Expression.Default(to), Expression.Convert(converted, to));
        }

        if (Whole.Contains(value.Type) && Whole.Contains(to))
        {
            // A number that does not fit is a malformed row, not another number.
            return Expression.ConvertChecked(value, to);
        }

        if ((Whole.Contains(value.Type) && (to == typeof(decimal) || to == typeof(double) || to == typeof(float))) || (value.Type == typeof(float) && to == typeof(double)))
        {
            return Expression.Convert(value, to);
        }

        if (value.Type == typeof(string) && to.IsEnum)
        {
            return Expression.Call(Method(nameof(ToEnum)).MakeGenericMethod(to), value);
        }

        return typeof(ParquetValues).GetMethods(BindingFlags.NonPublic | BindingFlags.Static)
            .FirstOrDefault(m => m.Name.StartsWith(nameof(From), StringComparison.Ordinal) && m.ReturnType == to && m.GetParameters()[0].ParameterType == value.Type) is { } method
            ? Expression.Call(method, value)
            : null;
    }

    /// <summary>Makes a column's value of a member's.</summary>
    /// <returns>The value, of the type that the column is written with.</returns>
    public static Expression Write(Expression value)
    {
        if (Nullable.GetUnderlyingType(value.Type) is { } bare)
        {
            var converted = Write(Expression.Property(value, "Value"));
            var type = converted.Type.IsValueType ? typeof(Nullable<>).MakeGenericType(converted.Type) : converted.Type;
            return Expression.Condition(Expression.Property(value, "HasValue"), Expression.Convert(converted, type), Expression.Default(type));
        }

        if (value.Type.IsEnum)
        {
            return Expression.Call(value, nameof(ToString), null);
        }

        return typeof(ParquetValues).GetMethods(BindingFlags.NonPublic | BindingFlags.Static)
            .FirstOrDefault(m => m.Name == nameof(To) && m.GetParameters()[0].ParameterType == value.Type) is { } method
            ? Expression.Call(method, value)
            : value;
    }

    private static MethodInfo Method(string name) => typeof(ParquetValues).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Static)!;

    private static T NotNull<T>() => throw new FormatException("it is null, and the member cannot be");

    private static T ToEnum<T>(string text)
        where T : struct, Enum => Enum.Parse<T>(text, ignoreCase: true);

    // Timestamps without a time zone are taken as UTC.
    private static DateTimeOffset From(DateTime value) => new(DateTime.SpecifyKind(value, DateTimeKind.Utc));

    private static DateTime FromNanos(DateTimeNanos value) => value.DateTime;

    private static DateTimeOffset From(DateTimeNanos value) => From(FromNanos(value));

    private static DateOnly From(Date value) => DateOnly.FromDateTime(value.DateTime);

    private static DateTime FromDate(Date value) => value.DateTime;

    private static TimeSpan FromNanos(TimeSpanNanos value) => value.TimeSpan;

    private static TimeOnly From(TimeSpan value) => TimeOnly.FromTimeSpan(value);

    private static DateTime To(DateTimeOffset value) => value.UtcDateTime;

    private static Date To(DateOnly value) => new(value.Year, value.Month, value.Day);

    private static TimeSpan To(TimeOnly value) => value.ToTimeSpan();
}
