using Millrace.Runtime.Coordination;

namespace Millrace.Tests.Checkpointing;

/// <summary>A storage that does not answer for half an hour when the first checkpoint is being completed.</summary>
public sealed class SilentStorageTests
{
    private readonly VirtualRun _run = new();
    private bool _wasSilent;

    [Fact]
    public void The_job_fails_and_goes_on_from_what_is_complete_when_the_storage_answers()
    {
        var job = Start();
        _run.RunUntil(() => JobFailures.From(job).Total > 0);
        Assert.Contains("has not answered for 00:01:00", JobFailures.From(job).History[0].Cause.Message, StringComparison.Ordinal);
        _run.RunTo(600);
        Assert.Equal(0, CheckpointSummaries.From(job).Restored);

        _run.RunTo(2_000);
        Assert.Equal((JobState.Running, 1), (job.State, JobFailures.From(job).Total));
        var statistics = CheckpointSummaries.From(job);
        Assert.Equal((1, "silent/chk-1"), (statistics.Restored, statistics.LatestRestored!.Path));
        Assert.True(statistics.LatestCompleted!.Id > 1, "Others follow.");
    }

    [Fact]
    public void The_job_can_be_cancelled_while_the_storage_does_not_answer()
    {
        var job = Start();
        _run.RunTo(300);
        job.Cancel();
        Assert.Equal(JobState.Canceled, _run.Await(job.Completion).State);
        Assert.InRange(_run.Now - _run.Began, TimeSpan.Zero, TimeSpan.FromSeconds(600));
    }

    private JobExecution Start()
    {
        var env = _run.Env(options => options.Timeout = TimeSpan.FromMinutes(1));
        env.FromGenerator(n => n, 100_000, recordsPerSecond: 1).KeyBy(n => n % 7).Process(() => new Counter(() => false)).Discard();
        var job = _run.Start(env, "silent");
        _run.BackgroundDelay = () =>
        {
            bool isStored = !_wasSilent && job.CheckpointHistory?.Current.Records.Any(record => record.Subtasks.Count == record.Participants) == true;
            _wasSilent |= isStored;
            return isStored ? TimeSpan.FromMinutes(30) : TimeSpan.FromMilliseconds(1);
        };
        return job;
    }
}
