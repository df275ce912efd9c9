namespace Millrace.Tests.Jobs;

/// <summary>How a job ends whose results are read by the program that started it.</summary>
public sealed class CollectTests
{
    [Fact]
    public async Task A_token_that_is_cancelled_while_results_are_read_ends_the_job()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Patience.Token);
        var function = new Closing();
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var stream = env.FromSequence(0, long.MaxValue - 1).Map(() => function);
        var taken = new List<long>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Patience.FinishAsync(ReadAsync()));
        Assert.Equal(Enumerable.Range(0, 10).Select(n => (long)n), taken);
        Assert.Equal(1, function.Closed);

        async Task ReadAsync()
        {
            await foreach (long value in stream.ExecuteAndCollectAsync("cancelled", cancel.Token))
            {
                taken.Add(value);
                if (taken.Count == 10)
                {
                    await cancel.CancelAsync();
                }
            }
        }
    }

    [Fact]
    public async Task A_token_that_is_cancelled_while_nothing_comes_ends_the_job()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Patience.Token);
        var function = new Closing();
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        await using var results = env.FromSequence(0, long.MaxValue - 1).Map(() => function).Filter(n => n == 0)
            .ExecuteAndCollectAsync("cancelled", cancel.Token).GetAsyncEnumerator(Patience.Token);
        Assert.True(await Patience.FinishAsync(results.MoveNextAsync().AsTask()));
        var next = results.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Patience.FinishAsync(next));
        Assert.Equal(1, function.Closed);
    }

    [Fact]
    public async Task A_job_that_fails_says_so_behind_the_results_that_came_before()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = 10 });
        var stream = env.FromSequence(0, 99).Map(n => n == 95 ? throw new InvalidOperationException("boom") : n).DisableChaining();
        var taken = new List<long>();
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(ReadAsync()));
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);

        // What was on its way when the job failed is lost with it.
        Assert.InRange(taken.Count, 0, 95);
        Assert.Equal(Enumerable.Range(0, taken.Count).Select(n => (long)n), taken);

        async Task ReadAsync()
        {
            await foreach (long value in stream.ExecuteAndCollectAsync("failing", Patience.Token))
            {
                taken.Add(value);
            }
        }
    }

    private sealed class Closing : MapFunction<long, long>
    {
        private int _closed;

        public int Closed => Volatile.Read(ref _closed);

        public override long Map(long value) => value;

        public override void Close() => Interlocked.Increment(ref _closed);
    }
}
