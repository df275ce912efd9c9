using CsCheck;
using Millrace.Runtime.Operators.Async;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators;

public sealed class AsyncOperatorTests
{
    [Fact]
    public void Ordered_results_come_in_the_order_of_the_records()
    {
        var service = new Service();
        using var harness = service.Harness(new());
        harness.Process([(1, 10), (2, 20), (3, 30)]);

        service.Answer(3);
        service.Answer(2);
        harness.Settle();
        Assert.Empty(harness.Output);

        service.Answer(1);
        harness.Settle();
        Assert.Equal([("1", 10L), ("2", 20), ("3", 30)], harness.OutputWithTimestamps);
    }

    [Fact]
    public void Unordered_results_come_as_they_are_there_and_not_across_a_watermark()
    {
        var service = new Service();
        using var harness = service.Harness(new() { Order = AsyncOrder.Unordered });
        harness.Process([(1, 10), (2, 20)]);
        harness.Watermark(25);
        harness.Process([(3, 30), (4, 40)]);
        harness.Watermark(45);

        service.Answer(4);
        service.Answer(2);
        harness.Settle();
        Assert.Equal(["2"], harness.Output);
        Assert.Empty(harness.Watermarks);

        service.Answer(1);
        harness.Settle();
        Assert.Equal(["2", "1", "4"], harness.Output);
        Assert.Equal([25L], harness.Watermarks);

        service.Answer(3);
        harness.Settle();
        Assert.Equal(["2", "1", "4", "3"], harness.Output);
        Assert.Equal([25L, 45L], harness.Watermarks);
    }

    [Theory]
    [InlineData(AsyncOrder.Ordered)]
    [InlineData(AsyncOrder.Unordered)]
    public void No_more_records_are_under_way_than_the_capacity(AsyncOrder order)
    {
        var service = new Service();
        using var harness = service.Harness(new() { Capacity = 2, Order = order });
        harness.Process([(1, 0), (2, 0), (3, 0), (4, 0)]);
        Assert.Equal([1, 2], service.Waiting);

        service.Answer(1);
        harness.Settle();
        Assert.Equal([2, 3], service.Waiting);

        service.Answer(2);
        service.Answer(3);
        harness.Settle();
        Assert.Equal([4], service.Waiting);
        Assert.Equal(["1", "2", "3"], harness.Output);
    }

    [Fact]
    public void The_end_of_the_input_waits_for_the_last_result()
    {
        var service = new Service();
        using var harness = service.Harness(new());
        harness.Process(1);
        harness.EndInput();
        Assert.False(harness.HasEnded);

        service.Answer(1);
        harness.Settle();
        Assert.True(harness.HasEnded);
        Assert.Equal(["1"], harness.Output);
    }

    [Fact]
    public void A_result_that_is_there_at_once_needs_no_wait()
    {
        using var harness = new OperatorHarness<int, int>(numbers => numbers.MapAsync((n, _) => ValueTask.FromResult(n * 2), new() { Capacity = 1 }));
        harness.Process([(1, 0), (2, 0), (3, 0)]);
        Assert.Equal([2, 4, 6], harness.Output);
    }

    [Fact]
    public void Without_a_result_in_time_the_job_fails()
    {
        var service = new Service();
        using var harness = service.Harness(new() { Timeout = TimeSpan.FromSeconds(2) });
        harness.Process(1);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(1999));

        var error = Assert.ThrowsAny<Exception>(() => harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(1)));
        Assert.Contains("MapAsync (1/1) failed on a record", error.Message, StringComparison.Ordinal);
        Assert.Contains("within 00:00:02", error.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(error.InnerException);
    }

    [Theory]
    [InlineData(AsyncOrder.Ordered)]
    [InlineData(AsyncOrder.Unordered)]
    public void What_does_not_come_in_time_has_the_result_for_that_and_what_comes_later_is_ignored(AsyncOrder order)
    {
        var service = new Service();
        using var harness = service.Harness(new() { Timeout = TimeSpan.FromSeconds(2), TimeoutResult = n => $"late {n}", Order = order, Capacity = 2 });
        harness.Process(1);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(1));
        harness.Process([(2, 0), (3, 0)]);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(1));
        Assert.Equal(["late 1"], harness.Output);
        Assert.True(service.IsCancelled(1));
        Assert.False(service.IsCancelled(2));

        service.Answer(1);
        service.Answer(2);
        harness.Settle();
        Assert.Equal(["late 1", "2"], harness.Output);

        // The third was begun when there was room, which was after two seconds.
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(1999));
        Assert.Equal(2, harness.Output.Count);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["late 1", "2", "late 3"], harness.Output);
    }

    [Fact]
    public void A_failure_fails_the_job_and_says_where()
    {
        var service = new Service();
        using var harness = service.Harness(new());
        harness.Process(1);
        service.Fail(1, new InvalidOperationException("no such thing"));

        var error = Assert.ThrowsAny<Exception>(harness.Settle);
        Assert.Contains("MapAsync (1/1) failed on a record: InvalidOperationException: no such thing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_is_tried_again_after_the_delay_and_the_last_one_counts()
    {
        var service = new Service();
        var retry = AsyncRetry<string>.FixedDelay(3, TimeSpan.FromMilliseconds(100));
        using var harness = service.Harness(new() { Retry = retry });
        harness.Process(1);
        service.Fail(1, new TimeoutException("busy"));
        harness.Settle();
        Assert.Empty(service.Waiting);

        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(100));
        Assert.Equal([1], service.Waiting);
        service.Answer(1);
        harness.Settle();
        Assert.Equal(["1"], harness.Output);

        harness.Process(2);
        for (int attempt = 1; attempt < 3; attempt++)
        {
            service.Fail(2, new TimeoutException("busy"));
            harness.Settle();
            harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(100));
        }

        service.Fail(2, new TimeoutException("still busy"));
        var error = Assert.ThrowsAny<Exception>(harness.Settle);
        Assert.Contains("in the last of 3 attempts: TimeoutException: still busy", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_can_ask_for_another_attempt_and_delays_grow()
    {
        var service = new Service();
        var retry = AsyncRetry<string>.ExponentialDelay(4, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(25)) with { OnResult = result => result == "not yet" };
        using var harness = service.Harness(new() { Retry = retry });
        harness.Process(1);
        foreach (int delay in (int[])[10, 20, 25])
        {
            service.Answer(1, "not yet");
            harness.Settle();
            harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(delay - 1));
            Assert.Empty(service.Waiting);
            harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(1));
            Assert.Equal([1], service.Waiting);
        }

        // After the last attempt the result counts, whatever it is.
        service.Answer(1, "not yet");
        harness.Settle();
        Assert.Equal(["not yet"], harness.Output);
    }

    [Fact]
    public void All_attempts_together_have_the_time_of_one_record()
    {
        var service = new Service();
        var retry = AsyncRetry<string>.FixedDelay(100, TimeSpan.FromMilliseconds(300));
        using var harness = service.Harness(new() { Timeout = TimeSpan.FromSeconds(1), TimeoutResult = _ => "late", Retry = retry });
        harness.Process(1);
        for (int attempt = 0; attempt < 3; attempt++)
        {
            service.Fail(1, new TimeoutException());
            harness.Settle();
            harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(300));
        }

        service.Fail(1, new TimeoutException());
        harness.Settle();
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(100));
        Assert.Equal(["late"], harness.Output);
        harness.AdvanceProcessingTime(TimeSpan.FromSeconds(10));
        Assert.Empty(service.Waiting);
    }

    [Fact]
    public void Closing_calls_off_what_is_under_way()
    {
        var service = new Service();
        using (var harness = service.Harness(new()))
        {
            harness.Process(1);
            Assert.False(service.IsCancelled(1));
        }

        Assert.True(service.IsCancelled(1));
    }

    [Fact]
    public void Every_record_has_its_result_in_the_order_that_was_asked_for_whatever_comes_when() =>
        Gen.Select(Gen.Enum<AsyncOrder>(), Gen.Int[1, 6], Gen.Int[0, 99].List[0, 60], Gen.Int[0, 1 << 20].List[200]).Sample((order, capacity, steps, choices) =>
        {
            var service = new Service();
            using var harness = service.Harness(new() { Order = order, Capacity = capacity });
            var segments = new List<List<string>> { new() };
            int record = 0;
            int choice = 0;
            foreach (int step in steps)
            {
                if (step < 50)
                {
                    segments[^1].Add($"{record}");
                    harness.Process(record, record++);
                }
                else if (step < 65)
                {
                    harness.Watermark(record + segments.Count);
                    segments.Add([]);
                }
                else if (service.Waiting is { Count: > 0 } waiting)
                {
                    service.Answer(waiting[choices[choice++] % waiting.Count]);
                    harness.Settle();
                    Assert.InRange(service.Waiting.Count, 0, capacity);
                }
            }

            harness.EndInput();
            while (service.Waiting is { Count: > 0 } left)
            {
                service.Answer(left[choices[choice++] % left.Count]);
                harness.Settle();
            }

            Assert.True(harness.HasEnded);
            var all = segments.SelectMany(segment => segment).ToList();
            if (order == AsyncOrder.Ordered)
            {
                Assert.Equal(all, harness.Output);
                return;
            }

            int start = 0;
            foreach (var segment in segments)
            {
                Assert.Equal(segment.Order(), harness.Output.Skip(start).Take(segment.Count).Order());
                start += segment.Count;
            }

            Assert.Equal(start, harness.Output.Count);
        }, iter: 400);

    /// <summary>A service that answers when the test says so.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void The_clock_is_set_by_an_hour_and_attempts_and_timeouts_do_not_care(int hours)
    {
        int calls = 0;
        var op = new AsyncOperator<int, string>(
            (_, _) => ++calls == 1 ? throw new IOException("busy") : new ValueTask<string>("done"), null, new() { Retry = AsyncRetry<string>.FixedDelay(2, TimeSpan.FromMilliseconds(10)) });
        var rig = new OperatorRig(op);
        var tap = new Tap<string>();
        op.Output.Connect(tap);
        op.Open();
        op.Receive(OperatorRig.Batch((1, 7L)));
        rig.Clock.Offset = TimeSpan.FromHours(hours);
        rig.Advance(10);
        rig.DrainMailbox();
        op.Flush();
        Assert.Equal(["done@7"], tap.Elements);
    }

    private sealed class Service
    {
        private readonly SortedDictionary<int, TaskCompletionSource<string>> _calls = [];
        private readonly Dictionary<int, CancellationToken> _tokens = [];

        public IReadOnlyList<int> Waiting => [.. _calls.Keys];

        public OperatorHarness<int, string> Harness(AsyncOptions<int, string> options) => new(numbers => numbers.MapAsync(CallAsync, options));

        public bool IsCancelled(int number) => _tokens[number].IsCancellationRequested;

        public void Answer(int number, string? result = null) => Take(number).SetResult(result ?? $"{number}");

        public void Fail(int number, Exception error) => Take(number).SetException(error);

        private TaskCompletionSource<string> Take(int number)
        {
            var call = _calls[number];
            _calls.Remove(number);
            return call;
        }

        private ValueTask<string> CallAsync(int number, CancellationToken cancellationToken)
        {
            var call = new TaskCompletionSource<string>();
            _calls.Add(number, call);
            _tokens[number] = cancellationToken;
            return new ValueTask<string>(call.Task);
        }
    }
}
