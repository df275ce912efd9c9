using NpgsqlTypes;

namespace Millrace.Connectors.Tests;

/// <summary>Every type of column, in every mode.</summary>
public sealed class RoundTripTests(Server server)
{
    private const string Definition = """
        id bigint primary key, c_bool boolean, c_int2 smallint, c_byte smallint, c_int4 integer, c_float4 real, c_float8 double precision, c_numeric numeric(20, 6), c_text text, c_varchar varchar(40),
        c_uuid uuid, c_bytea bytea, c_tstz timestamptz, c_offset timestamptz, c_ts timestamp, c_date date, c_time time, c_interval interval, c_json json, c_jsonb jsonb,
        n_bool boolean, n_int4 integer, n_int8 bigint, n_float8 double precision, n_numeric numeric, n_uuid uuid, n_tstz timestamptz, n_date date
        """;

    private static readonly DateTime Noon = new(2026, 3, 29, 12, 0, 0, 123, DateTimeKind.Utc);

    private static readonly Everything Full = new(
        1, true, short.MinValue, 255, int.MaxValue, 1.5f, Math.PI, -1234567.654321m, "tab\t, newline\n, quote', Ünïcödé 🌊", "short", new Guid("00112233-4455-6677-8899-aabbccddeeff"), [0, 1, 255], Noon,
        new DateTimeOffset(2026, 3, 29, 14, 0, 0, TimeSpan.FromHours(2)), new DateTime(1999, 12, 31, 23, 59, 59, DateTimeKind.Unspecified), new DateOnly(2024, 2, 29), new TimeOnly(23, 59, 58),
        TimeSpan.FromMinutes(90), """{"a": 1}""", """{"b": [1, 2]}""", false, -5, long.MinValue, -0.0, 0.1m, Guid.Empty, Noon, DateOnly.FromDateTime(Noon));

    private static readonly Everything Empty = new(
        2, false, 0, 0, 0, 0, double.NaN, 0, null, null, Guid.Empty, null, Noon, new DateTimeOffset(Noon), Noon, default, default, default, null, null, null, null, null, null, null, null, null, null);

    public static TheoryData<PostgresDelivery, bool> Modes => new()
    {
        { PostgresDelivery.ExactlyOnce, false },
        { PostgresDelivery.ExactlyOnce, true },
        { PostgresDelivery.ExactlyOnceStaged, false },
        { PostgresDelivery.ExactlyOnceStaged, true },
        { PostgresDelivery.AtLeastOnce, false },
        { PostgresDelivery.AtLeastOnce, true },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task All_types_of_columns_come_back_as_they_were_written(PostgresDelivery delivery, bool key)
    {
        string table = await Tables.CreateAsync(server, Definition);
        var mapping = Mapping(table);
        if (key)
        {
            mapping.Key("id");
        }

        var sink = new PostgresSink<Everything>(server.Source, mapping, new PostgresSinkOptions { Delivery = delivery });
        sink.Validate();
        await using var job = new SinkJob<Everything>(sink, table);
        await job.StartAsync(1);
        await job.WriteAsync(0, Full, Empty);
        await job.CheckpointAsync();

        List<Everything> read = await ReadAsync(table);
        Assert.Equal(Show(Full), Show(read[0]));
        Assert.Equal(Show(Empty), Show(read[1]));
        Assert.Equal("""[1, 2]""", await server.QueryAsync<string>($"select (c_jsonb -> 'b')::text from {table} where id = 1"));
    }

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce, false)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, true)]
    public async Task Arrays_come_back_as_they_were_written(PostgresDelivery delivery, bool key)
    {
        string table = await Tables.CreateAsync(server, "id bigint primary key, numbers integer[], texts text[], list uuid[]");
        var mapping = PostgresTable<Lists>.Named(table).Column("id", row => row.Id).Column("numbers", row => row.Numbers).Column("texts", row => row.Texts).Column("list", row => row.Ids);
        if (key)
        {
            mapping.Key("id");
        }

        var sink = new PostgresSink<Lists>(server.Source, mapping, new PostgresSinkOptions { Delivery = delivery });
        sink.Validate();
        await using var job = new SinkJob<Lists>(sink, table);
        await job.StartAsync(1);
        await job.WriteAsync(0, new Lists(1, [1, 2], ["a", ""], [Guid.Empty]), new Lists(2, [], null, []));
        await job.CheckpointAsync();
        Assert.Equal(["{1,2} {a,\"\"} {00000000-0000-0000-0000-000000000000}", "{} null {}"],
            await server.ListAsync<string>($"select format('%s %s %s', numbers, coalesce(texts::text, 'null'), list) from {table} order by id"));
    }

    [Fact]
    public async Task A_missing_table_is_created_from_the_mapping_by_all_subtasks_at_once()
    {
        foreach (var delivery in Enum.GetValues<PostgresDelivery>())
        {
            string table = $"Created {Guid.NewGuid():N}"[..20];
            var sink = new PostgresSink<Everything>(server.Source, Mapping($"public.{table}").Key("id"), new PostgresSinkOptions { Delivery = delivery, CreateTableIfMissing = true });
            sink.Validate();
            await using var job = new SinkJob<Everything>(sink, table);
            await job.StartAsync(4);
            await job.WriteAsync(3, Full);
            await job.CheckpointAsync();
            Assert.Equal(1, await server.QueryAsync<long>($"select count(*) from \"{table}\""));
        }
    }

    private static string Show(Everything row) =>
        (row with { Bytes = null, Offset = row.Offset.ToUniversalTime(), Plain = DateTime.SpecifyKind(row.Plain, DateTimeKind.Unspecified) }).ToString()
        + (row.Bytes is null ? "null" : Convert.ToHexString(row.Bytes)) + row.Moment.Ticks + row.Moment.Kind + row.Plain.Ticks;

    private static PostgresTable<Everything> Mapping(string table) => PostgresTable<Everything>.Named(table)
        .Column("id", row => row.Id).Column("c_bool", row => row.Bool).Column("c_int2", row => row.Short).Column("c_byte", row => row.Byte).Column("c_int4", row => row.Int)
        .Column("c_float4", row => row.Float).Column("c_float8", row => row.Double).Column("c_numeric", row => row.Decimal).Column("c_text", row => row.Text)
        .Column("c_varchar", row => row.Short40, NpgsqlDbType.Varchar).Column("c_uuid", row => row.Guid).Column("c_bytea", row => row.Bytes).Column("c_tstz", row => row.Moment)
        .Column("c_offset", row => row.Offset).Column("c_ts", row => row.Plain, NpgsqlDbType.Timestamp).Column("c_date", row => row.Date).Column("c_time", row => row.Time)
        .Column("c_interval", row => row.Span).Column("c_json", row => row.Json, NpgsqlDbType.Json).Column("c_jsonb", row => row.Jsonb, NpgsqlDbType.Jsonb)
        .Column("n_bool", row => row.NullBool).Column("n_int4", row => row.NullInt).Column("n_int8", row => row.NullLong).Column("n_float8", row => row.NullDouble)
        .Column("n_numeric", row => row.NullDecimal).Column("n_uuid", row => row.NullGuid).Column("n_tstz", row => row.NullMoment).Column("n_date", row => row.NullDate);

    private async Task<List<Everything>> ReadAsync(string table)
    {
        List<Everything> rows = [];
        await using var command = server.Source.CreateCommand($"select * from {table} order by id");
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows.Add(new Everything(
                reader.GetInt64(0), reader.GetBoolean(1), reader.GetInt16(2), (byte)reader.GetInt16(3), reader.GetInt32(4), reader.GetFloat(5), reader.GetDouble(6), decimal.Parse(
                    reader.GetDecimal(7).ToString("0.######", null), null), reader.IsDBNull(8) ? null : reader.GetString(8), reader.IsDBNull(9) ? null : reader.GetString(9), reader.GetGuid(10),
                reader.IsDBNull(11) ? null : reader.GetFieldValue<byte[]>(11), reader.GetDateTime(12), reader.GetFieldValue<DateTimeOffset>(13), reader.GetDateTime(14),
                reader.GetFieldValue<DateOnly>(15), reader.GetFieldValue<TimeOnly>(16), reader.GetTimeSpan(17), reader.IsDBNull(18) ? null : reader.GetString(18),
                reader.IsDBNull(19) ? null : reader.GetString(19), Null<bool>(20), Null<int>(21), Null<long>(22), Null<double>(23), Null<decimal>(24), Null<Guid>(25), Null<DateTime>(26), Null<DateOnly>(27)));
        }

        return rows;

        TValue? Null<TValue>(int column)
            where TValue : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<TValue>(column);
    }

    private sealed record Lists(long Id, int[] Numbers, string[]? Texts, List<Guid> Ids);

    private sealed record Everything(
        long Id, bool Bool, short Short, byte Byte, int Int, float Float, double Double, decimal Decimal, string? Text, string? Short40, Guid Guid, byte[]? Bytes, DateTime Moment, DateTimeOffset Offset,
        DateTime Plain, DateOnly Date, TimeOnly Time, TimeSpan Span, string? Json, string? Jsonb, bool? NullBool, int? NullInt, long? NullLong, double? NullDouble, decimal? NullDecimal,
        Guid? NullGuid, DateTime? NullMoment, DateOnly? NullDate);
}
