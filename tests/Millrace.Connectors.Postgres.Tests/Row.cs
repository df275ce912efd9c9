namespace Millrace.Connectors.Tests;

/// <summary>What most tests write.</summary>
internal sealed record Row(long Id, int Subtask = 0, string? Text = null, double Amount = 0);

/// <summary>A table of a test's own.</summary>
internal static class Tables
{
    internal static PostgresTable<Row> Mapping(string name) => PostgresTable<Row>.Named(name)
        .Column("id", row => row.Id).Column("subtask", row => row.Subtask).Column("text", row => row.Text).Column("amount", row => row.Amount);

    internal static async Task<string> CreateAsync(Server server, string definition = "id bigint primary key, subtask int, text text, amount float8")
    {
        string name = $"t{Guid.NewGuid():N}"[..20];
        await server.ExecuteAsync($"create table {name} ({definition})");
        return name;
    }
}
