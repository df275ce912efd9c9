using System.Runtime.CompilerServices;
using Millrace.Connectors;
using Millrace.Testing;

namespace Millrace.Tests.Jobs;

public sealed class CancellationTests
{
    [Fact]
    public async Task An_idle_job_ends_when_it_is_cancelled()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Patience.Token);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        using var seen = new ManualResetEventSlim();
        env.FromSource(new ScriptedSource<int>(new Script<int>().Record(1).Hang())).ForEach(_ => seen.Set());
        var job = env.ExecuteAsync("idle", cancel.Token);
        Patience.Await(seen, "the record");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Patience.FinishAsync(job));
    }

    [Fact]
    public async Task A_busy_job_ends_when_it_is_cancelled_and_closes_its_functions()
    {
        using var busy = new ManualResetEventSlim();
        var function = new Lifecycle { OnMap = busy.Set };
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        env.FromSequence(0, long.MaxValue - 1).Map(() => function).Discard();
        await using var client = env.Start("busy");
        Patience.Await(busy, "the first record");
        client.Cancel();
        Assert.Equal(JobState.Canceled, (await Patience.FinishAsync(client.Completion)).State);
        Assert.Equal(1, function.Closed);
    }

    [Fact]
    public async Task A_backpressured_job_ends_when_it_is_cancelled_while_a_write_is_pending()
    {
        using var writing = new ManualResetEventSlim();
        var sink = new GatedSink { Writing = writing };
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = 16, ChannelCapacity = 2 });
        env.FromSequence(0, long.MaxValue - 1).Rebalance().Map(n => n).SinkTo(sink).DisableChaining();
        await using var client = env.Start("backpressured");
        Patience.Await(writing, "the write");
        client.Cancel();
        Assert.Equal(JobState.Canceled, (await Patience.FinishAsync(client.Completion)).State);
        Assert.Equal(1, sink.Closed);
    }

    [Fact]
    public async Task A_job_that_is_cancelled_during_Open_ends_and_closes_what_was_opened()
    {
        using var opening = new ManualResetEventSlim();
        var function = new Lifecycle
        {
            OnOpen = context =>
            {
                opening.Set();
                context.CancellationToken.WaitHandle.WaitOne();
                context.CancellationToken.ThrowIfCancellationRequested();
            },
        };
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        env.FromSequence(0, 10).Map(() => function).Discard();
        await using var client = env.Start("opening");
        Patience.Await(opening, "Open");
        client.Cancel();
        Assert.Equal(JobState.Canceled, (await Patience.FinishAsync(client.Completion)).State);
        Assert.Equal(1, function.Closed);
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_the_start_cancels_the_job()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        env.FromSequence(0, long.MaxValue - 1).Discard();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Patience.FinishAsync(env.ExecuteAsync("never", new CancellationToken(true))));
    }

    [Fact]
    public async Task A_function_that_never_returns_is_reported_with_its_stack_and_the_process_goes_on()
    {
        using var stuck = new ManualResetEventSlim();
        var release = new StrongBox<bool>();
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, CancellationTimeout = TimeSpan.FromMilliseconds(50) });
        env.FromSequence(0, 10).Map(n => SpinsUntilReleased(n, stuck, release)).Discard();
        await using (var client = env.Start("stuck"))
        {
            Patience.Await(stuck, "the function");
            client.Cancel();
            var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(client.Completion));
            Assert.Equal("MR2002", error.Code);
            Assert.True(error.Message.Contains($"{nameof(SpinsUntilReleased)}(", StringComparison.Ordinal), error.Message);
            Assert.Contains("Sequence", error.Message, StringComparison.Ordinal);
        }

        var other = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        other.FromSequence(1, 1000).Map(n => n).Discard();
        Assert.Equal(1000, (await Patience.FinishAsync(other.ExecuteAsync("other", Patience.Token))).Metrics.RecordsRead);
        Volatile.Write(ref release.Value, true);
    }

    [Fact]
    public async Task A_function_that_fails_and_then_never_returns_from_Close_does_not_hang_the_job()
    {
        using var release = new ManualResetEventSlim();
        var function = new Lifecycle { OnMap = () => throw new InvalidOperationException("boom"), OnClose = () => release.Wait() };
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, CancellationTimeout = TimeSpan.FromMilliseconds(50) });
        env.FromSequence(0, 10).Map(() => function).Discard();
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(env.ExecuteAsync("hanging close", Patience.Token)));
        Assert.Equal("MR2002", error.Code);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
        release.Set();
    }

    [Fact]
    public async Task A_write_that_never_completes_is_given_up()
    {
        using var writing = new ManualResetEventSlim();
        var sink = new GatedSink { Writing = writing, IgnoresToken = true };
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, CancellationTimeout = TimeSpan.FromMilliseconds(50) });
        env.FromSequence(0, 10).SinkTo(sink).Name("the sink");
        await using var client = env.Start("pending");
        Patience.Await(writing, "the write");
        client.Cancel();
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(client.Completion));
        Assert.Equal("MR2002", error.Code);
        Assert.Contains("the sink", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_enumerator_that_never_returns_from_Close_is_given_up()
    {
        using var release = new ManualResetEventSlim();
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, CancellationTimeout = TimeSpan.FromMilliseconds(50) });
        env.FromSource(new HangingEnumeratorSource(release)).Discard();
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(env.ExecuteAsync("hanging enumerator", Patience.Token)));
        Assert.Equal("MR2002", error.Code);
        Assert.Contains("enumerator did not end within 00:00:00.0500000", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Contains($"{nameof(HangingEnumeratorSource)}+Enumerator.Close()", StringComparison.Ordinal), error.Message);
        release.Set();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancellation_that_a_sink_throws_in_CloseAsync_is_a_failure_where_nobody_cancelled(bool asynchronously)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        env.FromSequence(0, 10).SinkTo(new CancellingSink(asynchronously)).Name("cancelling");
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(env.ExecuteAsync("closing", Patience.Token)));
        Assert.Equal("MR2001", error.Code);
        Assert.Contains("failed closing the writer", error.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<OperationCanceledException>(error.InnerException);
    }

    [Fact]
    public async Task A_sink_that_fails_is_heard_while_another_sink_of_its_task_never_completes()
    {
        using var writing = new ManualResetEventSlim();
        var failing = new TaskCompletionSource();
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var stream = env.FromSequence(0, 10);
        stream.SinkTo(new CallbackSink<long>((_, _) => new ValueTask(failing.Task))).Name("failing");
        stream.SinkTo(new GatedSink { Writing = writing }).Name("slow");
        var job = env.ExecuteAsync("two sinks", Patience.Token);
        Patience.Await(writing, "the write");
        failing.SetException(new InvalidOperationException("boom"));
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(job));
        Assert.Contains("failing (1/1) failed writing: InvalidOperationException: boom", error.Message, StringComparison.Ordinal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long SpinsUntilReleased(long value, ManualResetEventSlim stuck, StrongBox<bool> release)
    {
        stuck.Set();
        while (!Volatile.Read(ref release.Value))
        {
            GC.KeepAlive(stuck);
        }

        return value;
    }

    private sealed class Lifecycle : MapFunction<long, long>
    {
        public Action<RuntimeContext> OnOpen { get; init; } = _ => { };

        public Action OnMap { get; init; } = () => { };

        public Action OnClose { get; init; } = () => { };

        public int Closed { get; private set; }

        public override void Open(RuntimeContext context) => OnOpen(context);

        public override long Map(long value)
        {
            OnMap();
            return value;
        }

        public override void Close()
        {
            Closed++;
            OnClose();
        }
    }

    private sealed class CancellingSink(bool asynchronously) : Sink<long>
    {
        public override SinkWriter<long> CreateWriter(SinkWriterContext context) => new Writer(asynchronously);

        private sealed class Writer(bool asynchronously) : SinkWriter<long>
        {
            public override ValueTask WriteAsync(SinkBatch<long> batch, CancellationToken cancellationToken) => ValueTask.CompletedTask;

            public override ValueTask CloseAsync() =>
                asynchronously ? ValueTask.FromCanceled(new CancellationToken(true)) : throw new OperationCanceledException("A timeout of its own.");
        }
    }
}
