using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class SimpleSinkTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Callback_gets_every_record_in_order()
    {
        var seen = new List<int>();
        var writer = new CallbackSink<int>(seen.Add).CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Fakes.Batch(1, 2), Cancel);
        await writer.WriteAsync(Fakes.Batch(3), Cancel);
        Assert.Equal([1, 2, 3], seen);
    }

    [Fact]
    public async Task Callback_of_batches_is_awaited()
    {
        var gate = new TaskCompletionSource();
        var writer = new CallbackSink<int>(async (batch, _) => await gate.Task).CreateWriter(Fakes.SinkContext());
        var written = writer.WriteAsync(Fakes.Batch(1), Cancel);
        Assert.False(written.IsCompleted);
        gate.SetResult();
        await written;
    }

    [Fact]
    public async Task Discard_counts_over_all_subtasks()
    {
        var sink = new DiscardSink<int>();
        await sink.CreateWriter(Fakes.SinkContext(0, 2)).WriteAsync(Fakes.Batch(1, 2), Cancel);
        await sink.CreateWriter(Fakes.SinkContext(1, 2)).WriteAsync(Fakes.Batch(3), Cancel);
        Assert.Equal(3, sink.Count);
    }

    [Theory]
    [InlineData(null, 1, "")]
    [InlineData(null, 4, "2> ")]
    [InlineData("late", 1, "late> ")]
    [InlineData("late", 4, "late:2> ")]
    public async Task Print_puts_name_and_subtask_before_the_line(string? name, int parallelism, string prefix)
    {
        var text = new StringWriter { NewLine = Environment.NewLine };
        var writer = new PrintSink<double?>(name, text).CreateWriter(Fakes.SinkContext(parallelism > 1 ? 1 : 0, parallelism));
        await writer.WriteAsync(Fakes.Batch<double?>(1.5, null), Cancel);
        Assert.Equal($"{prefix}1.5{Environment.NewLine}{prefix}null{Environment.NewLine}", text.ToString());
    }

    [Fact]
    public async Task Print_of_several_subtasks_at_once_keeps_lines_whole()
    {
        var text = new StringWriter();
        var sink = new PrintSink<string>(null, text);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(subtask => Task.Run(
            async () =>
            {
                var writer = sink.CreateWriter(Fakes.SinkContext(subtask, 4));
                for (int i = 0; i < 200; i++)
                {
                    await writer.WriteAsync(Fakes.Batch(new string((char)('a' + subtask), 50), "x"), Cancel);
                }
            },
            Cancel)));
        var lines = text.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1600, lines.Length);
        Assert.All(lines, line => Assert.Matches("^([1-4])> (a{50}|b{50}|c{50}|d{50}|x)$", line));
    }

    [Fact]
    public async Task Collect_gives_the_records_and_ends_with_the_last_writer()
    {
        var sink = new CollectSink<int>(2);
        var first = sink.CreateWriter(Fakes.SinkContext(0, 2));
        var second = sink.CreateWriter(Fakes.SinkContext(1, 2));
        var writing = WriteAndCloseAsync();
        var results = new List<int>();
        await foreach (int value in sink.ReadAllAsync(Cancel))
        {
            results.Add(value);
        }

        await writing;
        Assert.Equal([1, 2, 3, 4, 5, 6], results);

        async Task WriteAndCloseAsync()
        {
            await first.WriteAsync(Fakes.Batch(1, 2, 3, 4, 5), Cancel);
            await first.CloseAsync();
            await second.WriteAsync(Fakes.Batch(6), Cancel);
            await second.CloseAsync();
        }
    }

    [Fact]
    public async Task Collect_makes_the_job_wait_for_a_slow_reader()
    {
        var sink = new CollectSink<int>(2);
        var writing = sink.CreateWriter(Fakes.SinkContext()).WriteAsync(Fakes.Batch(1, 2, 3), Cancel);
        Assert.False(writing.IsCompleted);
        await foreach (int value in sink.ReadAllAsync(Cancel))
        {
            if (value == 1)
            {
                await writing;
                sink.Complete();
            }
        }
    }

    [Fact]
    public async Task Collect_whose_reader_leaves_lets_the_job_go_on()
    {
        var sink = new CollectSink<int>(1);
        var writer = sink.CreateWriter(Fakes.SinkContext());
        var writing = writer.WriteAsync(Fakes.Batch(1, 2, 3, 4), Cancel);
        await foreach (int value in sink.ReadAllAsync(Cancel))
        {
            break;
        }

        await writing;
        await writer.WriteAsync(Fakes.Batch(5, 6), Cancel);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Collect_write_waiting_for_room_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        var writing = new CollectSink<int>(1).CreateWriter(Fakes.SinkContext()).WriteAsync(Fakes.Batch(1, 2), source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writing);
    }

    [Fact]
    public async Task Collect_of_a_failed_job_throws_behind_its_results()
    {
        var sink = new CollectSink<int> { CompletesWithWriters = false };
        var writer = sink.CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Fakes.Batch(1), Cancel);
        await writer.CloseAsync();
        sink.Complete(new InvalidOperationException("broken"));
        var results = new List<int>();
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (int value in sink.ReadAllAsync(Cancel))
            {
                results.Add(value);
            }
        });
        Assert.Equal([1], results);
    }
}
