using System.Runtime.CompilerServices;
using System.Threading.Channels;
using CsCheck;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class ChannelSourceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_job_takes_what_is_written_and_ends_when_the_source_is_completed(int parallelism)
    {
        var source = new ChannelSource<int>(capacity: 4);
        var env = new StreamExecutionEnvironment { Options = { Parallelism = parallelism } };
        var results = env.FromSource(source).Map(n => n * 2).ExecuteAndCollectAsync(cancellationToken: Cancel);
        var writing = Task.Run(
            async () =>
            {
                for (int i = 0; i < 1000; i++)
                {
                    await source.WriteAsync(i, Cancel);
                }

                source.Complete();
            },
            Cancel);
        var all = new List<int>();
        await foreach (int n in results)
        {
            all.Add(n);
        }

        await writing;
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => i * 2), parallelism == 1 ? all : all.Order());
        Assert.Throws<ChannelClosedException>(() => source.WriteAsync(1, Cancel).AsTask().GetAwaiter().GetResult());
    }

    [Fact]
    public async Task A_full_channel_lets_writers_wait()
    {
        var source = new ChannelSource<int>(capacity: 2);
        Assert.True(source.TryWrite(1));
        Assert.True(source.TryWrite(2));
        Assert.False(source.TryWrite(3));
        Assert.Equal(2, source.WaitingRecords);
        var writing = source.WriteAsync(3, Cancel);
        Assert.False(writing.IsCompleted);
        var run = new SourceRun<int, ChannelSplit, int>(source);
        run.Read(0);
        await writing;
        source.Complete();
        Assert.Equal([1, 2, 3], run.Drain().Records);
    }

    [Fact]
    public async Task An_error_that_ends_the_source_fails_the_job()
    {
        var source = new ChannelSource<int>();
        var env = new StreamExecutionEnvironment();
        env.FromSource(source).SinkTo(new DiscardSink<int>());
        source.Complete(new InvalidOperationException("the feed broke"));
        var error = await Assert.ThrowsAsync<JobFailedException>(() => env.ExecuteAsync(cancellationToken: Cancel));
        Assert.Contains("the feed broke", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_reader_goes_on_with_what_is_still_in_the_channel()
    {
        var source = new ChannelSource<int>();
        for (int i = 0; i < 5; i++)
        {
            source.TryWrite(i);
        }

        source.Complete();
        var first = new SourceRun<int, ChannelSplit, int>(source);
        first.Read(0, 2);
        var second = new SourceRun<int, ChannelSplit, int>(source, restored: first.Snapshot());
        Assert.Equal([2, 3, 4], second.Drain().Records);
    }
}

public sealed class AsyncEnumerableSourceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async IAsyncEnumerable<int> Numbers(int count, int waitEvery, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = 0; i < count; i++)
        {
            if (i % waitEvery == 0)
            {
                await Task.Yield();
            }

            cancellationToken.ThrowIfCancellationRequested();
            yield return i;
        }
    }

    [Fact]
    public async Task Records_come_in_order_whether_they_are_waited_for_or_not()
    {
        var env = new StreamExecutionEnvironment { Options = { Parallelism = 1 } };
        var all = new List<int>();
        await foreach (int n in env.FromAsyncEnumerable(token => Numbers(5000, 3, token)).ExecuteAndCollectAsync(cancellationToken: Cancel))
        {
            all.Add(n);
        }

        Assert.Equal(Enumerable.Range(0, 5000), all);
    }

    [Fact]
    public void A_repeatable_sequence_is_gone_on_with_where_it_was_left_and_another_begins_again() => Gen.Select(Gen.Int[0, 20], Gen.Int[0, 20], Gen.Bool).Sample((count, read, isRepeatable) =>
    {
        read = Math.Min(read, count);
        var source = new AsyncEnumerableSource<int>(token => Numbers(count, int.MaxValue, token).WithoutWaiting(), isRepeatable);
        var first = new SourceRun<int, AsyncSequenceSplit, AsyncSequenceSplit[]>(source);
        while (first.Records.Count < read)
        {
            first.Read(0);
        }

        var snapshot = first.Snapshot();
        first.Close();
        var second = new SourceRun<int, AsyncSequenceSplit, AsyncSequenceSplit[]>(source, restored: snapshot).Drain(3);
        Assert.Equal(Enumerable.Range(isRepeatable ? read : 0, isRepeatable ? count - read : count), second.Records);
        second.Close();
    });

    [Fact]
    public async Task An_error_of_the_sequence_fails_the_job()
    {
        var env = new StreamExecutionEnvironment();
        env.FromAsyncEnumerable(Broken).SinkTo(new DiscardSink<int>());
        Assert.Contains("page 2", (await Assert.ThrowsAsync<JobFailedException>(() => env.ExecuteAsync(cancellationToken: Cancel))).Message, StringComparison.Ordinal);

        static async IAsyncEnumerable<int> Broken([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            yield return 1;
            await Task.Yield();
            throw new IOException("page 2 is gone");
        }
    }

    [Fact]
    public async Task The_sequence_is_cancelled_and_disposed_of_when_the_job_is_cancelled()
    {
        var waiting = new TaskCompletionSource();
        var disposed = new TaskCompletionSource();
        var env = new StreamExecutionEnvironment();
        env.FromSource(new AsyncEnumerableSource<int>(Endless, boundedness: Boundedness.Unbounded)).SinkTo(new DiscardSink<int>());
        await using (var job = env.Start())
        {
            await waiting.Task.WaitAsync(Cancel);
            job.Cancel();
            Assert.Equal(JobState.Canceled, (await job.Completion).State);
        }

        await disposed.Task.WaitAsync(Cancel);

        async IAsyncEnumerable<int> Endless([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            try
            {
                yield return 1;
                waiting.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
            finally
            {
                disposed.SetResult();
            }
        }
    }
}

file static class Sequences
{
    /// <summary>The same records, each there as soon as it is asked for.</summary>
    public static async IAsyncEnumerable<T> WithoutWaiting<T>(this IAsyncEnumerable<T> sequence)
    {
        var all = new List<T>();
        await using var records = sequence.GetAsyncEnumerator();
        for (var next = records.MoveNextAsync().AsTask(); ; next = records.MoveNextAsync().AsTask())
        {
            if (!next.GetAwaiter().GetResult())
            {
                break;
            }

            all.Add(records.Current);
        }

        foreach (var record in all)
        {
            yield return record;
        }
    }
}
