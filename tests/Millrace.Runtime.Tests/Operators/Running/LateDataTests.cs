using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators.Running;

public sealed class LateDataTests
{
    private static readonly OutputTag<int> Late = new("late");

    [Fact]
    public void Late_records_go_into_the_side_output()
    {
        using var harness = Create();
        var late = harness.SideOutput(Late);
        harness.Process(1, 5);
        harness.Watermark(10);
        harness.Process([(2, 10), (3, 11), (4, -3), (5, 12)]);
        Assert.Equal([(1, 5L), (3, 11L), (5, 12L)], harness.OutputWithTimestamps);
        Assert.Equal([2, 4], late);
        Assert.Equal(2, harness.LateRecords);
    }

    [Fact]
    public void Nobody_reads_them_they_are_dropped_and_counted()
    {
        using var harness = Create();
        harness.Watermark(10);
        harness.Process([(1, 10), (2, 11)]);
        Assert.Equal([2], harness.Output);
        Assert.Equal(1, harness.LateRecords);
    }

    [Fact]
    public void What_every_subtask_had_closed_before_a_restore_is_late_behind_it()
    {
        using var harness = Create(new HarnessOptions { Parallelism = 2 });
        harness.Watermark(10);
        using var restored = harness.Rescale(3);
        restored.Process([(1, 10), (2, 10), (3, 10), (4, 11), (5, 11)]);
        Assert.Equal([4, 5], restored.Output.Order());

        // A second restore before any watermark has come keeps it as well.
        using var again = restored.Rescale(1);
        again.Process([(6, 10), (7, 11)]);
        Assert.Equal([7], again.Output);
    }

    [Fact]
    public void It_is_never_idle_because_what_comes_when_it_wakes_up_must_not_be_late()
    {
        using var harness = Create();
        harness.Idle();
        Assert.False(harness.IsIdle);
        harness.Idle(false);
        harness.EndInput();
        Assert.True(harness.HasEnded);
    }

    [Fact]
    public void A_record_without_a_timestamp_is_an_error_that_says_what_to_do()
    {
        using var harness = Create();
        var error = Assert.ThrowsAny<Exception>(() => harness.Process(1));
        Assert.Contains("AssignTimestampsAndWatermarks", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Partitionings_that_hide_sources_from_subtasks_are_refused()
    {
        var numbers = new StreamExecutionEnvironment().FromSequence(0, 1);
        Assert.Throws<InvalidOperationException>(() => numbers.Forward().DropLateData());
        Assert.Throws<InvalidOperationException>(() => numbers.Rescale().DropLateData());
        numbers.Hash(n => n).DropLateData();
    }

    private static OperatorHarness<int, int> Create(HarnessOptions? options = null) => new(numbers => numbers.DropLateData(Late), options);
}
