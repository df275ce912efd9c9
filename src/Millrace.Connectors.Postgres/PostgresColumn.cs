using Npgsql;
using NpgsqlTypes;

namespace Millrace.Connectors;

/// <summary>A column, and where its values come from. One virtual call a value, or one a batch where a batch is sent as arrays; values are never boxed.</summary>
internal abstract class PostgresColumn<T>(string name, NpgsqlDbType type)
{
    /// <summary>The column's name.</summary>
    internal string Name { get; } = name;

    /// <summary>What is sent.</summary>
    internal NpgsqlDbType Type { get; } = type;

    /// <summary>Writes a record's value into a COPY.</summary>
    internal abstract void Write(NpgsqlBinaryImporter importer, T record);

    /// <summary>A parameter that takes the values of a batch.</summary>
    internal abstract NpgsqlParameter CreateParameter();

    /// <summary>Puts the values of a batch into a parameter that came from <see cref="CreateParameter"/>.</summary>
    internal abstract void Fill(NpgsqlParameter parameter, ReadOnlySpan<T> records);
}

/// <summary>A column of values that cannot be null, or of objects that can.</summary>
internal sealed class ValueColumn<T, TValue>(string name, NpgsqlDbType type, Func<T, TValue> value) : PostgresColumn<T>(name, type)
{
    internal override void Write(NpgsqlBinaryImporter importer, T record)
    {
        TValue present = value(record);
        if (present is null)
        {
            importer.WriteNull();
        }
        else
        {
            importer.Write(present, Type);
        }
    }

    internal override NpgsqlParameter CreateParameter() => new NpgsqlParameter<TValue[]> { NpgsqlDbType = NpgsqlDbType.Array | Type };

    internal override void Fill(NpgsqlParameter parameter, ReadOnlySpan<T> records)
    {
        var typed = (NpgsqlParameter<TValue[]>)parameter;
        if (typed.TypedValue is not { } values || values.Length != records.Length)
        {
            typed.TypedValue = values = new TValue[records.Length];
        }

        for (int i = 0; i < records.Length; i++)
        {
            values[i] = value(records[i]);
        }
    }
}

/// <summary>A column of nullable values.</summary>
internal sealed class NullableColumn<T, TValue>(string name, NpgsqlDbType type, Func<T, TValue?> value) : PostgresColumn<T>(name, type)
    where TValue : struct
{
    internal override void Write(NpgsqlBinaryImporter importer, T record)
    {
        if (value(record) is { } present)
        {
            importer.Write(present, Type);
        }
        else
        {
            importer.WriteNull();
        }
    }

    internal override NpgsqlParameter CreateParameter() => new NpgsqlParameter<TValue?[]> { NpgsqlDbType = NpgsqlDbType.Array | Type };

    internal override void Fill(NpgsqlParameter parameter, ReadOnlySpan<T> records)
    {
        var typed = (NpgsqlParameter<TValue?[]>)parameter;
        if (typed.TypedValue is not { } values || values.Length != records.Length)
        {
            typed.TypedValue = values = new TValue?[records.Length];
        }

        for (int i = 0; i < records.Length; i++)
        {
            values[i] = value(records[i]);
        }
    }
}
