using System.Linq.Expressions;
using System.Reflection;
using ParquetSharp;

namespace Millrace.Connectors;

/// <summary>Makes records of the rows of a file. Compiled once a file.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ParquetBinder<T>
{
    private readonly (ParquetMember Member, int Slot, Action<Array[], int> Read)[] _fields;

    public ParquetBinder(ParquetRecordShape shape, ParquetOptions options, ParquetFileReader file, string path)
    {
        var schema = file.FileMetaData.Schema;
        var available = Enumerable.Range(0, schema.NumColumns).Select(index => (Index: index, Path: schema.Column(index).Path.ToDotString())).ToList();
        var values = Expression.Parameter(typeof(Array[]));
        var row = Expression.Parameter(typeof(int));
        var arguments = new List<Expression>();
        var bindings = new List<MemberBinding>();
        var columns = new List<ParquetColumn>();
        var fields = new List<(ParquetMember, int, Action<Array[], int>)>();
        var missing = new List<string>();
        foreach (var member in shape.Members)
        {
            string wanted = options.Columns.GetValueOrDefault(member.Name, member.Name);
            var found = available.Where(column => string.Equals(column.Path, wanted, StringComparison.OrdinalIgnoreCase)).ToList();
            Expression? value = null;
            switch (found)
            {
                case [var (index, name)]:
                    var descriptor = schema.Column(index);
                    var column = ParquetColumn.Of(ElementType(descriptor, file, name, member, path), index, name);
                    var element = Expression.ArrayIndex(Expression.Convert(Expression.ArrayIndex(values, Expression.Constant(columns.Count)), column.ArrayType), row);
                    value = ParquetValues.Read(element, member.Type) ?? throw new ConnectorException(
                        ParquetErrors.Options,
                        $"{path}: column {name} has values of type {Shown(element.Type)}, which do not fit {typeof(T).Name}.{member.Name} of type {Shown(member.Type)}. Change the type of the "
                        + $"member, or read another column into it with {nameof(ParquetOptions)}.{nameof(ParquetOptions.Columns)}.");
                    fields.Add((member, columns.Count, Expression.Lambda<Action<Array[], int>>(value, values, row).Compile()));
                    columns.Add(column);
                    break;

                case []:
                    if (!options.AllowMissingColumns && member.Parameter is not { HasDefaultValue: true })
                    {
                        missing.Add(wanted == member.Name ? member.Name : $"{member.Name} (column {wanted})");
                    }

                    break;

                default:
                    throw new ConnectorException(
                        ParquetErrors.Options,
                        $"{path} has {found.Count} columns for {typeof(T).Name}.{member.Name}: {string.Join(", ", found.Select(column => column.Path))}. Rename one of them.");
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
                ParquetErrors.Options,
                $"{path} has no column for {typeof(T).Name}'s {string.Join(", ", missing)}; its columns are {string.Join(", ", available.Select(column => column.Path))}. Rename the members, "
                + $"say which columns they are with {nameof(ParquetOptions)}.{nameof(ParquetOptions.Columns)}, or set {nameof(ParquetOptions)}.{nameof(ParquetOptions.AllowMissingColumns)}.");
        }

        var made = shape.Constructor is { } constructor ? Expression.New(constructor, arguments) : Expression.New(typeof(T));
        Bind = Expression.Lambda<Func<Array[], int, T>>(bindings.Count > 0 ? Expression.MemberInit(made, bindings) : made, values, row).Compile();
        Columns = [.. columns];
        _fields = [.. fields];
    }

    /// <summary>The columns that are read.</summary>
    public ParquetColumn[] Columns { get; }

    /// <summary>Makes the record of a row in the arrays of the columns.</summary>
    public Func<Array[], int, T> Bind { get; }

    /// <summary>After <see cref="Bind"/> threw: which column is at fault, as a phrase.</summary>
    public string Explain(Array[] values, int row, Exception error)
    {
        foreach (var (member, slot, read) in _fields)
        {
            try
            {
                read(values, row);
            }
            catch (Exception fault)
            {
                var type = Nullable.GetUnderlyingType(member.Type) ?? member.Type;
                return $"column {Columns[slot].Name}: expected a value of type {Shown(type)}, found {values[slot].GetValue(row) ?? "null"} ({fault.Message.TrimEnd('.')})";
            }
        }

        return $"the row makes no {typeof(T).Name}: {error.Message.TrimEnd('.')}";
    }

    private static Type ElementType(ColumnDescriptor descriptor, ParquetFileReader file, string name, ParquetMember member, string path)
    {
        Type type;
        try
        {
            (_, _, type) = descriptor.GetSystemTypes(file.LogicalTypeFactory, null);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException or ParquetException or InvalidOperationException)
        {
            throw new ConnectorException(
                ParquetErrors.Options, $"{path}: column {name} for {typeof(T).Name}.{member.Name} has a type that cannot be read: {error.Message.TrimEnd('.')}.", innerException: error);
        }

        return descriptor.MaxRepetitionLevel == 0
            ? type
            : throw new ConnectorException(
                ParquetErrors.Options,
                $"{path}: column {name} holds lists of values; {typeof(T).Name}.{member.Name} cannot be read from it. Take a type without the member, or a file with one value a row.");
    }

    private static string Shown(Type type) => Nullable.GetUnderlyingType(type) is { } bare ? $"{bare.Name}?" : type.Name;

    private static Expression DefaultOf(ParameterInfo parameter, Type type) => parameter.HasDefaultValue && parameter.DefaultValue is { } value
        ? Expression.Convert(Expression.Constant(value), type)
        : Expression.Default(type);
}
