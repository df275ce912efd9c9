using NpgsqlTypes;

namespace Millrace.Connectors;

/// <summary>Which type of PostgreSQL stands for which of .NET, and what it is called there.</summary>
internal static class PostgresTypes
{
    // Types that take the same bytes as text does.
    private static readonly HashSet<string> TextFamily = ["text", "varchar", "bpchar", "citext", "name", "json", "xml"];

    private static readonly Dictionary<Type, NpgsqlDbType> ByClrType = new()
    {
        [typeof(bool)] = NpgsqlDbType.Boolean,
        [typeof(byte)] = NpgsqlDbType.Smallint,
        [typeof(short)] = NpgsqlDbType.Smallint,
        [typeof(int)] = NpgsqlDbType.Integer,
        [typeof(long)] = NpgsqlDbType.Bigint,
        [typeof(float)] = NpgsqlDbType.Real,
        [typeof(double)] = NpgsqlDbType.Double,
        [typeof(decimal)] = NpgsqlDbType.Numeric,
        [typeof(string)] = NpgsqlDbType.Text,
        [typeof(Guid)] = NpgsqlDbType.Uuid,
        [typeof(byte[])] = NpgsqlDbType.Bytea,
        [typeof(DateTime)] = NpgsqlDbType.TimestampTz,
        [typeof(DateTimeOffset)] = NpgsqlDbType.TimestampTz,
        [typeof(DateOnly)] = NpgsqlDbType.Date,
        [typeof(TimeOnly)] = NpgsqlDbType.Time,
        [typeof(TimeSpan)] = NpgsqlDbType.Interval,
    };

    // As SQL says it, and as the catalog does.
    private static readonly Dictionary<NpgsqlDbType, (string Sql, string Catalog)> Names = new()
    {
        [NpgsqlDbType.Boolean] = ("boolean", "bool"),
        [NpgsqlDbType.Smallint] = ("smallint", "int2"),
        [NpgsqlDbType.Integer] = ("integer", "int4"),
        [NpgsqlDbType.Bigint] = ("bigint", "int8"),
        [NpgsqlDbType.Real] = ("real", "float4"),
        [NpgsqlDbType.Double] = ("double precision", "float8"),
        [NpgsqlDbType.Numeric] = ("numeric", "numeric"),
        [NpgsqlDbType.Money] = ("money", "money"),
        [NpgsqlDbType.Text] = ("text", "text"),
        [NpgsqlDbType.Varchar] = ("varchar", "varchar"),
        [NpgsqlDbType.Char] = ("char", "bpchar"),
        [NpgsqlDbType.Citext] = ("citext", "citext"),
        [NpgsqlDbType.Xml] = ("xml", "xml"),
        [NpgsqlDbType.Json] = ("json", "json"),
        [NpgsqlDbType.Jsonb] = ("jsonb", "jsonb"),
        [NpgsqlDbType.Uuid] = ("uuid", "uuid"),
        [NpgsqlDbType.Bytea] = ("bytea", "bytea"),
        [NpgsqlDbType.TimestampTz] = ("timestamptz", "timestamptz"),
        [NpgsqlDbType.Timestamp] = ("timestamp", "timestamp"),
        [NpgsqlDbType.Date] = ("date", "date"),
        [NpgsqlDbType.Time] = ("time", "time"),
        [NpgsqlDbType.Interval] = ("interval", "interval"),
        [NpgsqlDbType.Inet] = ("inet", "inet"),
        [NpgsqlDbType.Cidr] = ("cidr", "cidr"),
        [NpgsqlDbType.MacAddr] = ("macaddr", "macaddr"),
        [NpgsqlDbType.Hstore] = ("hstore", "hstore"),
        [NpgsqlDbType.Point] = ("point", "point"),
    };

    /// <summary>The type for values of a .NET type, or nothing where there is none that is obviously right.</summary>
    internal static NpgsqlDbType? Infer(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (ByClrType.TryGetValue(type, out NpgsqlDbType known))
        {
            return known;
        }

        Type? element = type.IsArray ? type.GetElementType()
            : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0] : null;
        return element is not null && ByClrType.TryGetValue(Nullable.GetUnderlyingType(element) ?? element, out NpgsqlDbType inner) ? inner | NpgsqlDbType.Array : null;
    }

    /// <summary>Whether the name of the type is known here.</summary>
    internal static bool IsKnown(NpgsqlDbType type) => Names.ContainsKey(type & ~NpgsqlDbType.Array);

    /// <summary>Whether it is a type of arrays.</summary>
    internal static bool IsArray(NpgsqlDbType type) => (type & NpgsqlDbType.Array) != 0;

    /// <summary>The type as SQL writes it.</summary>
    internal static string SqlName(NpgsqlDbType type) => Names[type & ~NpgsqlDbType.Array].Sql + (IsArray(type) ? "[]" : "");

    /// <summary>Whether values that are sent as one type can be stored in a column of another. COPY sends binary values, which nothing converts.</summary>
    /// <param name="sent">What the sink sends.</param>
    /// <param name="column">The column's type as the catalog names it.</param>
    /// <param name="isEnum">Whether the column has an enum type.</param>
    internal static bool Fits(NpgsqlDbType sent, string column, bool isEnum)
    {
        string name = Names[sent & ~NpgsqlDbType.Array].Catalog;
        if (IsArray(sent))
        {
            return column == "_" + name || (TextFamily.Contains(name) && column.StartsWith('_') && TextFamily.Contains(column[1..]));
        }

        return column == name || (TextFamily.Contains(name) && (isEnum || TextFamily.Contains(column)));
    }
}
