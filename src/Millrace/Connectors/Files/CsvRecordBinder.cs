using System.Linq.Expressions;
using CsvHelper;

namespace Millrace.Connectors;

/// <summary>Makes records from rows whose columns stand in a certain order. Compiled once per order of columns.</summary>
internal sealed class CsvRecordBinder<T>
{
    private readonly (CsvMember Member, int Column, Action<CsvReader> Read)[] _fields;

    public CsvRecordBinder(CsvTypeShape shape, IReadOnlyList<string> columns, bool allowMissing, string path)
    {
        ColumnCount = columns.Count;
        var reader = Expression.Parameter(typeof(CsvReader));
        var arguments = new List<Expression>();
        var bindings = new List<MemberBinding>();
        var fields = new List<(CsvMember, int, Action<CsvReader>)>();
        var missing = new List<string>();
        foreach (var member in shape.Members)
        {
            int column = Find(columns, member.Name, path);
            Expression? value = null;
            if (column >= 0)
            {
                value = Expression.Call(CsvFields.ReadMethod(member.Type), reader, Expression.Constant(column));
                fields.Add((member, column, Expression.Lambda<Action<CsvReader>>(value, reader).Compile()));
            }
            else if (!allowMissing && member.Parameter is not { HasDefaultValue: true })
            {
                missing.Add(member.Name);
            }

            if (member.Parameter is { } parameter)
            {
                arguments.Add(value ?? DefaultOf(parameter, member.Type));
            }
            else if (value is not null)
            {
                bindings.Add(Expression.Bind(member.Member, value));
            }
        }

        if (missing.Count > 0)
        {
            throw new ConnectorException(
                FileErrors.Options,
                $"{path} has no column for {typeof(T).Name}'s {string.Join(", ", missing)}; its columns are {string.Join(", ", columns)}. "
                + $"Rename the members or columns, or set {nameof(CsvOptions)}.{nameof(CsvOptions.AllowMissingColumns)}.");
        }

        var made = shape.Constructor is { } constructor ? Expression.New(constructor, arguments) : Expression.New(typeof(T));
        Bind = Expression.Lambda<Func<CsvReader, T>>(bindings.Count > 0 ? Expression.MemberInit(made, bindings) : made, reader).Compile();
        _fields = [.. fields];
    }

    public int ColumnCount { get; }

    public Func<CsvReader, T> Bind { get; }

    /// <summary>After <see cref="Bind"/> threw: which field is at fault, as a phrase.</summary>
    public string Explain(CsvReader reader, Exception error)
    {
        foreach (var (member, column, read) in _fields)
        {
            try
            {
                read(reader);
            }
            catch (Exception fault)
            {
                var type = Nullable.GetUnderlyingType(member.Type) ?? member.Type;
                string text = Shown(reader.GetString(column));
                return $"column {column + 1} ({member.Name}): expected a value of type {type.Name}, found '{text}' ({fault.Message.TrimEnd('.')})";
            }
        }

        return $"the row makes no {typeof(T).Name}: {error.Message.TrimEnd('.')}";
    }

    private static string Shown(string text) => text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 80), "…");

    private static int Find(IReadOnlyList<string> columns, string name, string path)
    {
        int found = -1;
        for (int i = 0; i < columns.Count; i++)
        {
            if (string.Equals(columns[i].Trim(), name, StringComparison.OrdinalIgnoreCase))
            {
                if (found >= 0)
                {
                    throw new ConnectorException(
                        FileErrors.Options, $"{path} has two columns for {typeof(T).Name}.{name}: number {found + 1} and number {i + 1}. Rename one of them.");
                }

                found = i;
            }
        }

        return found;
    }

    private static Expression DefaultOf(System.Reflection.ParameterInfo parameter, Type type) =>
        parameter.HasDefaultValue && parameter.DefaultValue is { } value
            ? Expression.Convert(Expression.Constant(value), type)
            : Expression.Default(type);
}
