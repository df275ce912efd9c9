using Millrace.Checkpointing;
using Millrace.StateProcessing;
using Millrace.Windowing;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/state-processor.md.</summary>
internal static class StateProcessor
{
    internal static async Task ReadAsync()
    {
        using var savepoint = SavepointReader.Open(new DirectoryCheckpointStorage("/var/lib/millrace"), "savepoints/before-upgrade");

        foreach (var op in savepoint.Operators)
        {
            Console.WriteLine($"{op.Uid} ({op.Name}), parallelism {op.Parallelism} of {op.MaxParallelism}");
            foreach (var state in await savepoint.GetStatesAsync(op.Uid))
            {
                Console.WriteLine($"  {state.Name}: {state.Kind} of {state.Value}, {state.Entries} entries, {state.Bytes} bytes");
            }
        }

        await foreach (var (customer, total) in savepoint.ReadKeyed<string, Total>("totals", "total"))
        {
            Console.WriteLine($"{customer}: {total.Sum}");
        }
    }

    internal static async Task StreamAsync(SavepointReader savepoint)
    {
        var env = new StreamExecutionEnvironment();
        env.FromSavepoint<string, Total>(savepoint, "totals", "total")
           .Filter(entry => entry.Value.Sum < 0)
           .Print();
        await env.ExecuteAsync("who owes us");
    }

    internal static async Task WriteAsync(CheckpointStorage storage, IEnumerable<Row> history)
    {
        await SavepointWriter.New(storage, maxParallelism: 128)
            .WithKeyedState("totals", "total", history.Select(row => (row.Customer, new Total(row.Sum))))
            .WithTimers<string>("totals", TimeDomain.EventTime, [new("alice", 1_700_000_000_000)])
            .WriteAsync("savepoints/from-history");
    }

    internal static async Task ChangeAsync(SavepointReader savepoint)
    {
        await SavepointWriter.FromExisting(savepoint)
            .WithKeyedState("totals", "total", savepoint.ReadKeyed<string, Total>("totals", "total").Where(entry => entry.Value.Sum != 0))
            .ChangeUid("5f0c2a", "orders")
            .RemoveOperator("abandoned")
            .WriteAsync("savepoints/repaired");
    }

    internal static async Task ReadSessionsAsync(SavepointReader savepoint)
    {
        await foreach (var session in savepoint.ReadWindows<string, TimeWindow, long>("sessions"))
        {
            Console.WriteLine($"{session.Key}: {session.Content} clicks since {session.Window.StartTime}");
        }
    }

    internal static async Task AddRuleAsync(SavepointReader savepoint)
    {
        await SavepointWriter.FromExisting(savepoint)
            .WithBroadcast("alerts", "rules", savepoint.ReadBroadcast<string, int>("alerts", "rules").Append(new("new rule", 7)))
            .WriteAsync("savepoints/with-rule");
    }

    public sealed record Total(decimal Sum);

    public sealed record Row(string Customer, decimal Sum);
}
