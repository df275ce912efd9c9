using Millrace.Connectors;
using NpgsqlTypes;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/reference/postgres.md.</summary>
internal static class Postgres
{
    internal static void Insert(DataStream<Result> results)
    {
        var table = PostgresTable<Result>.Named("public.results")
            .Column("id", r => r.Id)                               // bigint
            .Column("amount", r => r.Amount)                       // numeric; NULL where a decimal? is null
            .Column("details", r => r.Json, NpgsqlDbType.Jsonb);   // the type is given where the value's does not say it

        results.SinkTo(new PostgresSink<Result>("Host=db;Database=shop;Username=job", table)).Name("results").Uid("results");
    }

    internal static void Upsert(DataStream<Balance> stream, string connectionString)
    {
        var balances = PostgresTable<Balance>.Named("balances").Column("account", b => b.Account).Column("cents", b => b.Cents).Key("account");
        stream.SinkTo(new PostgresSink<Balance>(connectionString, balances, new PostgresSinkOptions { Delivery = PostgresDelivery.AtLeastOnce }));
    }

    internal static void Errors(DataStream<Result> results, string connectionString, PostgresTable<Result> table, Sink<DeadLetter<Result>> letters)
    {
        OutputTag<DeadLetter<Result>> refused = new("refused");
        var sink = results.SinkTo(new PostgresSink<Result>(connectionString, table)).OnError(ErrorPolicy.ToSideOutput(refused));
        sink.GetSideOutput(refused).SinkTo(letters);
    }

    internal sealed record Result(long Id, decimal? Amount, string Json);

    internal sealed record Balance(string Account, long Cents);
}
