using NpgsqlTypes;

namespace Millrace.Connectors.Tests;

/// <summary>What is wrong is said so that somebody can mend it.</summary>
public sealed class ErrorTests(Server server)
{
    [Fact]
    public void Validate_ServerDown_IsTransientAndNamesTheServer()
    {
        var sink = new PostgresSink<Row>("Host=127.0.0.1;Port=1;Username=nobody;Password=secret;Database=shop;Persist Security Info=true", Tables.Mapping("t"));
        var error = Assert.Throws<ConnectorException>(sink.Validate);
        Assert.Equal("MR7201", error.Code);
        Assert.True(error.IsTransient);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_NoSuchTable_NamesIt()
    {
        var error = Fail(Tables.Mapping("public.no_such_table"));
        Assert.Equal("MR7202", error.Code);
        Assert.Contains("no table public.no_such_table", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_NoSuchColumn_NamesItAndThoseThatThereAre()
    {
        var error = Fail(Tables.Mapping(await Tables.CreateAsync(server, "id bigint, subtask int, text text")));
        Assert.Equal("MR7202", error.Code);
        Assert.Contains("no column 'amount'; it has id, subtask, text", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_OtherType_NamesBoth()
    {
        var error = Fail(Tables.Mapping(await Tables.CreateAsync(server, "id integer, subtask int, text text, amount float8")));
        Assert.Equal("MR7202", error.Code);
        Assert.Contains("'id' of type integer, but the mapping sends bigint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_ColumnWithoutDefaultLeftOut_NamesIt()
    {
        var error = Fail(Tables.Mapping(await Tables.CreateAsync(
            server, "id bigint, subtask int, text text, amount float8, needed int not null, serial bigserial not null, computed bigint not null generated always as identity")));
        Assert.Equal("MR7202", error.Code);
        Assert.Contains("needs values for needed, which", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_GeneratedColumnMapped_NamesIt()
    {
        var error = Fail(Tables.Mapping(await Tables.CreateAsync(server, "id bigint generated always as identity, subtask int, text text, amount float8")));
        Assert.Contains("computes the column 'id' itself", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_KeyWithoutIndex_SaysHowToCreateIt()
    {
        string table = await Tables.CreateAsync(server);
        await server.ExecuteAsync($"create unique index on {table} (subtask) where id > 5; create index on {table} (subtask)");
        var error = Fail(Tables.Mapping(table).Key("subtask"));
        Assert.Equal("MR7206", error.Code);
        Assert.Contains($"create unique index on \"{table}\" (\"subtask\")", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_NoPreparedTransactions_NamesTheSettingAndTheOtherMode()
    {
        string connectionString = await server.StartWithoutPreparedTransactionsAsync();
        var options = new PostgresSinkOptions { CreateTableIfMissing = true };
        var error = Assert.Throws<ConnectorException>(() => new PostgresSink<Row>(connectionString, Tables.Mapping("t"), options).Validate());
        Assert.Equal("MR7203", error.Code);
        Assert.Contains("max_prepared_transactions is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("ExactlyOnceStaged", error.Message, StringComparison.Ordinal);

        // Where nobody has validated, the barrier says the same; the other mode works.
        await using var refused = new SinkJob<Row>(new PostgresSink<Row>(connectionString, Tables.Mapping("t"), options), "refused");
        await refused.StartAsync(1);
        await refused.WriteAsync(0, new Row(1));
        Assert.Equal("MR7203", (await Assert.ThrowsAsync<ConnectorException>(() => refused.PrepareAsync())).Code);
        var staged = new PostgresSink<Row>(connectionString, Tables.Mapping("t"), new PostgresSinkOptions { Delivery = PostgresDelivery.ExactlyOnceStaged });
        staged.Validate();
        await using var job = new SinkJob<Row>(staged, "staged");
        await job.StartAsync(2);
        await job.WriteAsync(1, new Row(1));
        await job.CheckpointAsync();
    }

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce)]
    [InlineData(PostgresDelivery.AtLeastOnce)]
    public async Task A_row_that_breaks_a_constraint_is_shown(PostgresDelivery delivery)
    {
        string table = await Tables.CreateAsync(server, "id bigint primary key, subtask int, text text, amount float8 check (amount < 100)");
        var sink = new PostgresSink<Row>(server.Source, Tables.Mapping(table), new PostgresSinkOptions { Delivery = delivery });
        foreach ((Row bad, string constraint) in new[] { (new Row(7, 0, "too much", 100), "amount_check"), (new Row(1, 0, "twice"), "pkey") })
        {
            await using var job = new SinkJob<Row>(sink, table);
            await job.StartAsync(1);
            await job.WriteAsync(0, new Row(1), new Row(2), bad, new Row(4));
            var error = await Assert.ThrowsAsync<ConnectorException>(() => job.PrepareAsync());
            Assert.Equal("MR7204", error.Code);
            Assert.False(error.IsTransient);
            Assert.Contains(constraint, error.Message, StringComparison.Ordinal);
            Assert.Contains($"The record: {bad}", error.Message, StringComparison.Ordinal);
            Assert.Contains($"table {table}", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_value_that_is_too_long_names_column_and_record()
    {
        string table = await Tables.CreateAsync(server, "id bigint primary key, subtask int, text varchar(3), amount float8");
        await using var job = new SinkJob<Row>(new PostgresSink<Row>(server.Source, Tables.Mapping(table)), table);
        await job.StartAsync(1);
        await job.WriteAsync(0, new Row(1, 0, "abc"), new Row(2, 0, "abcd"));
        var error = await Assert.ThrowsAsync<ConnectorException>(() => job.PrepareAsync());
        Assert.Equal("MR7204", error.Code);
        Assert.Contains("column 'text'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Text = abcd", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lambda_that_throws_shows_the_record()
    {
        string table = await Tables.CreateAsync(server, "id bigint primary key, length int");
        var mapping = PostgresTable<Row>.Named(table).Column("id", row => row.Id).Column("length", row => row.Text!.Length);
        await using var job = new SinkJob<Row>(new PostgresSink<Row>(server.Source, mapping), table);
        await job.StartAsync(1);
        await job.WriteAsync(0, new Row(1, 0, "abc"), new Row(2));
        var error = await Assert.ThrowsAsync<ConnectorException>(() => job.PrepareAsync());
        Assert.Equal("MR7204", error.Code);
        Assert.IsType<NullReferenceException>(error.InnerException);
        Assert.Contains("Id = 2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged)]
    [InlineData(PostgresDelivery.AtLeastOnce)]
    public async Task A_lost_connection_is_transient_and_the_next_attempt_goes_on(PostgresDelivery delivery)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key: false, batchSize: 1);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.CheckpointAsync();
        await server.ExecuteAsync($"select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like 'millrace:' || '{SessionHash(scene)}' || ':%'");
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await scene.Job.WriteAsync(0, new Row(2)));
        Assert.Equal("MR7201", error.Code);
        Assert.True(error.IsTransient);
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(2));
        await scene.Job.CheckpointAsync();
        Assert.Equal([1, 2], await scene.IdsAsync());
    }

    [Fact]
    public async Task Waiting_for_a_lock_ends_with_a_transient_error()
    {
        string table = await Tables.CreateAsync(server);
        await using var holder = await server.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var command = holder.CreateCommand())
        {
            command.CommandText = $"lock table {table} in access exclusive mode";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var sink = new PostgresSink<Row>(
            server.Source, Tables.Mapping(table), new PostgresSinkOptions { LockTimeout = TimeSpan.FromMilliseconds(50) });
        await using var job = new SinkJob<Row>(sink, table);
        await job.StartAsync(1);
        await job.WriteAsync(0, new Row(1));
        var error = await Assert.ThrowsAsync<ConnectorException>(() => job.PrepareAsync());
        Assert.Equal("MR7207", error.Code);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public void A_mapping_that_does_not_fit_itself_is_refused_at_once()
    {
        var table = PostgresTable<Row>.Named("t");
        Assert.Contains("cannot tell what type", Assert.Throws<ConnectorException>(() => table.Column("kind", _ => DayOfWeek.Friday)).Message, StringComparison.Ordinal);
        Assert.Contains("no column 'id'", Assert.Throws<ConnectorException>(() => table.Key("id")).Message, StringComparison.Ordinal);
        Assert.Contains("no columns", Assert.Throws<ConnectorException>(() => new PostgresSink<Row>("Host=x", table)).Message, StringComparison.Ordinal);
        table.Column("id", row => row.Id).Column("list", row => new[] { row.Subtask }, NpgsqlDbType.Array | NpgsqlDbType.Integer).Key("id");
        Assert.Contains("twice", Assert.Throws<ConnectorException>(() => table.Column("id", row => row.Id)).Message, StringComparison.Ordinal);
        Assert.Contains("a key already", Assert.Throws<ConnectorException>(() => table.Key("id")).Message, StringComparison.Ordinal);
        var options = new PostgresSinkOptions { Delivery = PostgresDelivery.AtLeastOnce };
        Assert.Contains("array column 'list'", Assert.Throws<ConnectorException>(() => new PostgresSink<Row>("Host=x", table, options)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PostgresTable<Row>.Named("public."));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PostgresSink<Row>("Host=x", table, new PostgresSinkOptions { BatchSize = 0 }));
    }

    private static string SessionHash(Scene scene) => TransactionName.Hash($"millrace:{scene.Job.JobId}:the%3asink%2f1:");

    private ConnectorException Fail(PostgresTable<Row> mapping) => Assert.Throws<ConnectorException>(new PostgresSink<Row>(server.Source, mapping).Validate);
}
