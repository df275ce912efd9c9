using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Sources;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class LoadMeterTests
{
    private static readonly int[] Tasks = [1, 2];

    private readonly LoadMeter _meter = new();

    [Fact]
    public void Rates_are_those_between_two_looks_by_each_subtask_s_own_clock()
    {
        Assert.Null(_meter.Look(Tasks, Counts(Of(100, 900, 0, 50, 50), Of(0, 1000, 0, 10, 0), Of(0, 1000, 0, 20, 0)), 0));

        // The last one was heard of half as long after its start as the others.
        var sample = _meter.Look(Tasks, Counts(Of(600, 1000, 400, 150, 250), Of(800, 1200, 0, 110, 0), Of(250, 1250, 0, 70, 0)), 1_000)!;
        Assert.Equal(1_000, sample.Time);
        Assert.Equal(new VertexMetrics(500, 400, 100, 200), sample.Vertices[0]);
        Assert.Equal(new VertexMetrics(800, 0, 200, 0), sample.Vertices[1]);
    }

    [Fact]
    public void A_job_of_which_a_part_is_not_heard_of_is_not_judged()
    {
        var first = Counts(Of(0, 1_000, 0, 0, 0), Of(0, 1_000, 0, 0, 0), Of(0, 1_000, 0, 0, 0));
        var second = Counts(Of(0, 2_000, 0, 0, 0), Of(0, 2_000, 0, 0, 0), Of(0, 2_000, 0, 0, 0));
        _meter.Look(Tasks, first, 0);
        Assert.Null(_meter.Look(Tasks, first, 1_000));
        Assert.NotNull(_meter.Look(Tasks, second, 2_000));

        // A subtask that was made anew counts from 0.
        second[new SubtaskId(1, 1)] = (2, Of(0, 3_000, 0, 0, 0));
        Assert.Null(_meter.Look(Tasks, second, 3_000));

        // One that has ended is not there any more.
        second.Remove(new SubtaskId(1, 1));
        Assert.Null(_meter.Look(Tasks, second, 4_000));
    }

    [Fact]
    public void A_source_has_pending_what_its_readers_and_its_enumerator_have()
    {
        int[] tasks = [2, 1];
        Assert.Null(_meter.Look(tasks, Sources(1_000, (40, null), (2, null)), 0, Unassigned(100)));
        var sample = _meter.Look(tasks, Sources(2_000, (50, null), (3, null)), 1_000, Unassigned(100))!;
        Assert.Equal(153, sample.Vertices[0].Pending);
        Assert.Null(sample.Vertices[1].Pending);

        // Of one reader, or of the enumerator, nothing is known: so nothing is of the source.
        Assert.Null(_meter.Look(tasks, Sources(3_000, (50, null), (null, null)), 2_000, Unassigned(100))!.Vertices[0].Pending);
        Assert.Null(_meter.Look(tasks, Sources(4_000, (50, null), (3, null)), 3_000, Unassigned(null))!.Vertices[0].Pending);
        Assert.Null(_meter.Look(tasks, Sources(5_000, (50, null), (3, null)), 4_000)!.Vertices[0].Pending);
    }

    [Fact]
    public void Bytes_that_no_reader_has_are_as_many_records_as_they_would_be_for_readers()
    {
        int[] tasks = [2, 1];
        Assert.Null(_meter.Look(tasks, Sources(1_000, (0, 0), (null, 500)), 0, Unassigned(null, 5_000)));
        Assert.Null(_meter.Look(tasks, Sources(2_000, (0, 0), (null, 500)), 1_000, Unassigned(null, 5_000))!.Vertices[0].Pending);
        Assert.Equal(30 + 500, _meter.Look(tasks, Sources(3_000, (0, 0), (30, 300)), 2_000, Unassigned(null, 5_000))!.Vertices[0].Pending);

        // Between two files there is nothing to tell it by; it is what it was.
        Assert.Equal(500, _meter.Look(tasks, Sources(4_000, (0, 0), (0, 0)), 3_000, Unassigned(null, 5_000))!.Vertices[0].Pending);
        Assert.Equal(0, _meter.Look(tasks, Sources(5_000, (0, 0), (0, 0)), 4_000, Unassigned(null, 0))!.Vertices[0].Pending);
    }

    private static Func<int, Backlog?> Unassigned(long? records, long? bytes = null) => vertex => vertex == 0 ? new Backlog(records, bytes) : null;

    private static Dictionary<SubtaskId, (int Attempt, TaskCounts Counts)> Sources(long life, (long? Records, long? Bytes) first, (long? Records, long? Bytes) second) => new()
    {
        [new SubtaskId(0, 0)] = (1, Of(0, life, 0, 0, 0) with { PendingRecords = first.Records, PendingBytes = first.Bytes }),
        [new SubtaskId(0, 1)] = (1, Of(0, life, 0, 0, 0) with { PendingRecords = second.Records, PendingBytes = second.Bytes }),
        [new SubtaskId(1, 0)] = (1, Of(0, life, 0, 0, 0)),
    };

    private static TaskCounts Of(long busy, long idle, long backpressured, long recordsIn, long recordsOut) => new(busy, idle, backpressured, recordsIn, recordsOut, 0);

    private static Dictionary<SubtaskId, (int Attempt, TaskCounts Counts)> Counts(TaskCounts first, TaskCounts second, TaskCounts third) => new()
    {
        [new SubtaskId(0, 0)] = (1, first),
        [new SubtaskId(1, 0)] = (1, second),
        [new SubtaskId(1, 1)] = (1, third),
    };
}
