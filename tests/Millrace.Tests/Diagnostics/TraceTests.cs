using System.Diagnostics;
using Millrace.Tests.Checkpointing;

namespace Millrace.Tests.Diagnostics;

/// <summary>The spans that a job leaves: of checkpoints, beginnings and restarts.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly VirtualRun _run = new();
    private readonly string _job = $"traced {Guid.NewGuid():N}";
    private readonly List<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public TraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Millrace",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("job"), _job))
                {
                    _spans.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    [Fact]
    public void Job_LeavesSpansOfItsBeginningItsCheckpointsAndItsRestarts()
    {
        bool fails = false;
        var env = _run.Env();
        env.Options.RestartStrategy = RestartStrategy.FixedDelay(3, TimeSpan.FromSeconds(2));
        env.FromGenerator(n => n, 2_000, recordsPerSecond: 10).Map(n => fails ? throw new InvalidOperationException("broken") : n).Name("map").Discard();
        _run.Start(env, _job);
        _run.RunTo(25);
        Assert.Equal(["JobInitialization", "Checkpoint", "Checkpoint"], _spans.Select(span => span.DisplayName));
        Assert.Equal((false, 1, (long?)null), (_spans[0].GetTagItem("isRestart"), _spans[0].GetTagItem("subtasks"), (long?)_spans[0].GetTagItem("restoredCheckpointId")));
        var second = _spans[2];
        var record = CheckpointSummaries.From(_run.Execution).LatestCompleted!;
        Assert.Equal((2L, "COMPLETED"), (second.GetTagItem("checkpointId"), second.GetTagItem("checkpointStatus")));
        Assert.Equal((record.WrittenSize, record.StateSize), (second.GetTagItem("checkpointedSize"), second.GetTagItem("fullSize")));
        Assert.Equal((record.BeganAt.UtcDateTime, record.Duration), (second.StartTimeUtc, second.Duration));
        Assert.All(_spans, span => Assert.Equal((_run.Execution.JobId, ActivityStatusCode.Unset, default(ActivitySpanId)), (span.GetTagItem("job_id"), span.Status, span.ParentSpanId)));

        _spans.Clear();
        fails = true;
        _run.RunUntil(() => _run.Execution.State == JobState.Restarting);
        fails = false;
        _run.RunUntil(() => _run.Execution.State == JobState.Running && _spans.Count >= 2);
        var initialization = Assert.Single(_spans, span => span.DisplayName == "JobInitialization");
        Assert.Equal((true, (long?)2), (initialization.GetTagItem("isRestart"), (long?)initialization.GetTagItem("restoredCheckpointId")));
        var restart = Assert.Single(_spans, span => span.DisplayName == "JobRestart");
        Assert.InRange(restart.Duration.TotalSeconds, 2, 2.5);
        Assert.Contains("map", (string)restart.GetTagItem("failedSubtask")!, StringComparison.Ordinal);
        Assert.Contains("broken", (string)restart.GetTagItem("cause")!, StringComparison.Ordinal);
    }

    [Fact]
    public void Spans_OfWhatDoesNotGoWell_AreErrors()
    {
        bool fails = false;
        var env = _run.Env();
        env.Options.RestartStrategy = RestartStrategy.FixedDelay(3, TimeSpan.FromHours(2));
        env.FromGenerator(n => n, 2_000, recordsPerSecond: 10).Map(n => fails ? throw new InvalidOperationException("broken") : n).Discard();
        _run.Start(env, _job);
        _run.RunTo(5);
        _spans.Clear();
        fails = true;
        _run.RunUntil(() => _run.Execution.State == JobState.Restarting);
        _run.Execution.Cancel();
        _run.Await(_run.Execution.Completion);
        var restart = Assert.Single(_spans);
        Assert.Equal(("JobRestart", ActivityStatusCode.Error, "The job is Canceled."), (restart.DisplayName, restart.Status, restart.StatusDescription));
    }

    [Fact]
    public void Span_OfACheckpointThatWasGivenUp_SaysWhy()
    {
        var env = _run.Env(options =>
        {
            options.Timeout = TimeSpan.FromSeconds(30);
            options.TolerableFailures = 10;
        });
        env.FromGenerator(n => n, 2_000, recordsPerSecond: 10).Map(n => n).Name("slow").Discard();
        _run.Start(env, _job);
        _run.RunTo(5);
        _spans.Clear();
        var end = _run.Began + TimeSpan.FromSeconds(60);
        _run.Stall(actor => actor.Contains("slow", StringComparison.Ordinal) && _run.Now < end ? end - _run.Now : TimeSpan.Zero);
        _run.RunTo(65);
        var span = Assert.Single(_spans, span => Equals(span.GetTagItem("checkpointId"), 1L));
        Assert.Equal(("Checkpoint", "FAILED", ActivityStatusCode.Error), (span.DisplayName, span.GetTagItem("checkpointStatus"), span.Status));
        Assert.Contains("was not complete after 00:00:30", span.StatusDescription, StringComparison.Ordinal);
        Assert.InRange(span.Duration.TotalSeconds, 30, 31);
    }

    public void Dispose() => _listener.Dispose();
}
