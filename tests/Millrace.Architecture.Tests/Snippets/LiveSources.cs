using Microsoft.AspNetCore.Builder;
using Millrace.Connectors;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/reference/live-sources.md.</summary>
internal static class LiveSources
{
    internal static async Task Use(StreamExecutionEnvironment env, WebApplication app, Client client)
    {
        var clicks = new ChannelSource<Click>(capacity: 10_000);
        env.FromSource(clicks).KeyBy(click => click.Page).Reduce((a, b) => a.Plus(b)).Print();
        await using var job = env.Start("clicks");
        app.MapPost("/clicks", async (Click click, CancellationToken cancellationToken) => await clicks.WriteAsync(click, cancellationToken));

        env.FromAsyncEnumerable(cancellationToken => client.ReadAllOrdersAsync(cancellationToken), isRepeatable: true);

        env.FromSource(new SocketTextSource("localhost", 9999));
    }

    internal static void Hybrid(StreamExecutionEnvironment env)
    {
        var history = new FileSource<Order>("archive/*.jsonl.gz", JsonFormat.Lines<Order>());
        var live = new FileSource<Order>("incoming", JsonFormat.Lines<Order>(), new FileSourceOptions { MonitorInterval = TimeSpan.FromSeconds(10) });
        env.FromSource(HybridSource.Of(history, live));
    }

    internal sealed record Click(string Page, int Count)
    {
        public Click Plus(Click other) => this with { Count = Count + other.Count };
    }

    internal sealed record Order(string Item);

    internal sealed class Client(IReadOnlyList<Order> orders)
    {
        public IAsyncEnumerable<Order> ReadAllOrdersAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return orders.ToAsyncEnumerable();
        }
    }
}
