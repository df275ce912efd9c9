namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/async-functions.md.</summary>
internal static class AsyncFunctions
{
    internal static DataStream<Scored> InAJob(DataStream<Order> orders, IRisk risk)
    {
        var scored = orders.MapAsync(
            async (order, cancellationToken) => new Scored(order, await risk.ScoreAsync(order, cancellationToken)),
            new()
            {
                Order = AsyncOrder.Unordered,
                Capacity = 200,
                Timeout = TimeSpan.FromSeconds(5),
                TimeoutResult = order => new Scored(order, Score.Unknown),
                Retry = AsyncRetry<Scored>.ExponentialDelay(4, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1)) with
                {
                    OnException = error => error is HttpRequestException,
                },
            });
        return scored;
    }

    public sealed class AddCustomer(Uri customers) : AsyncFunction<Order, RichOrder>
    {
        private HttpClient _http = null!;

        public override void Open(RuntimeContext context) => _http = new HttpClient { BaseAddress = customers };

        public override async ValueTask<RichOrder> InvokeAsync(Order value, CancellationToken cancellationToken) =>
            new(value, await _http.GetStringAsync(new Uri($"{value.CustomerId}", UriKind.Relative), cancellationToken));

        public override void Close() => _http.Dispose();
    }

    internal interface IRisk
    {
        ValueTask<Score> ScoreAsync(Order order, CancellationToken cancellationToken);
    }

    public enum Score
    {
        Unknown,
        Low,
        High,
    }

    public sealed record Order(long CustomerId);

    public sealed record RichOrder(Order Order, string Customer);

    internal sealed record Scored(Order Order, Score Score);
}
