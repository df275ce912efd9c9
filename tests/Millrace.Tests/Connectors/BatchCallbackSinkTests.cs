using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class BatchCallbackSinkTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<int[]> _batches = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SinkWriter<int> Writer(Func<IReadOnlyList<int>, ValueTask>? function = null) => new BatchCallbackSink<int>(
        (records, _) =>
        {
            _batches.Add([.. records]);
            return function?.Invoke(records) ?? ValueTask.CompletedTask;
        },
        new BatchCallbackOptions { MaxRecords = 3, MaxWait = TimeSpan.FromSeconds(5) }).CreateWriter(Fakes.SinkContext(time: _time));

    [Fact]
    public async Task Batches_are_full_unless_a_barrier_or_the_clock_takes_them_early()
    {
        var writer = Writer();
        await writer.WriteAsync(Fakes.Batch(1, 2, 3, 4), Cancel);
        await writer.WriteAsync(Fakes.Batch(5), Cancel);
        Assert.Equal([[1, 2, 3]], _batches);
        await writer.FlushAsync(false, Cancel);
        Assert.Equal([4, 5], _batches[1]);
        await writer.FlushAsync(false, Cancel);
        await writer.WriteAsync(Fakes.Batch(6), Cancel);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(2, _batches.Count);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([6], _batches[2]);
        await writer.CloseAsync();
        Assert.Equal(3, _batches.Count);
    }

    [Fact]
    public async Task An_error_at_the_clock_fails_the_next_barrier()
    {
        var writer = Writer(_ => throw new InvalidOperationException("the service is gone"));
        await writer.WriteAsync(Fakes.Batch(1), Cancel);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("gone", (await Assert.ThrowsAsync<InvalidOperationException>(() => writer.FlushAsync(false, Cancel).AsTask())).Message, StringComparison.Ordinal);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task The_job_waits_while_a_batch_is_handed_over()
    {
        var gate = new TaskCompletionSource();
        var writer = Writer(_ => new ValueTask(gate.Task));
        var writing = writer.WriteAsync(Fakes.Batch(1, 2, 3, 4), Cancel).AsTask();
        Assert.False(writing.IsCompleted);
        gate.SetResult();
        await writing;
        await writer.CloseAsync();
    }

    [Fact]
    public async Task What_is_not_handed_over_when_the_job_fails_is_dropped()
    {
        var writer = Writer();
        await writer.WriteAsync(Fakes.Batch(1), Cancel);
        await writer.CloseAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(_batches);
    }
}
