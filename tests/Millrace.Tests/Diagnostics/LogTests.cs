using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Tests.Checkpointing;

namespace Millrace.Tests.Diagnostics;

/// <summary>What an operator of jobs finds in the log.</summary>
public sealed class LogTests
{
    private readonly VirtualRun _run = new();
    private readonly LogLines _log = new();

    [Fact]
    public void Checkpoint_Completed_TellsDurationSizesAndPath()
    {
        Start(() => false);
        _run.RunTo(15);
        _run.Await(_run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "savepoints/one"));
        var statistics = CheckpointSummaries.From(_run.Execution);
        var lines = _log.Of(3003);
        Assert.Equal(["checkpoint", "savepoint"], lines.Select(line => line.Values["Kind"]));
        Assert.All(lines, line => Assert.Equal(LogLevel.Information, line.Level));
        Assert.Equal(statistics.LatestCompleted!.Duration, lines[0].Values["Duration"]);
        Assert.Equal(statistics.LatestCompleted.StateSize, lines[0].Values["StateBytes"]);
        Assert.Equal(statistics.LatestCompleted.WrittenSize, lines[0].Values["WrittenBytes"]);
        Assert.StartsWith("Job 'logged': checkpoint 1 is complete after 00:00:00", lines[0].Text, StringComparison.Ordinal);
        Assert.EndsWith("logged/chk-1", lines[0].Text, StringComparison.Ordinal);
        Assert.Equal("savepoints/one", lines[1].Values["Path"]);
    }

    [Fact]
    public void Checkpoint_Failed_TellsWhy()
    {
        Start(() => false, tolerable: 5);
        _run.RunTo(5);
        _run.Disk.Faults.FailureRate = 1;
        _run.RunTo(15);
        var line = Assert.Single(_log.Of(3004));
        Assert.Equal((LogLevel.Warning, "checkpoint", 1L), (line.Level, line.Values["Kind"], line.Values["CheckpointId"]));
        Assert.NotNull(line.Error);
        Assert.Equal(line.Error.Message, line.Values["Reason"]);
    }

    [Fact]
    public void Restart_TellsCauseDelayAndWhatItGoesOnFrom()
    {
        bool fails = false;
        Start(() => fails);
        _run.RunTo(15);
        fails = true;
        _run.RunUntil(() => _run.Execution.State == JobState.Restarting);
        fails = false;
        _run.RunTo(25);
        var restarting = Assert.Single(_log.Of(2004));
        Assert.Equal(LogLevel.Warning, restarting.Level);
        Assert.Contains("told to fail", (string)restarting.Values["Cause"]!, StringComparison.Ordinal);
        Assert.Equal(JobFailures.From(_run.Execution).History[0].Delay, restarting.Values["Delay"]);
        var restored = Assert.Single(_log.Of(3002));
        Assert.Equal((1L, 2L, "logged/chk-1"), (restored.Values["CheckpointId"], restored.Values["Epoch"], restored.Values["Path"]));
        Assert.Equal(
            ["Created → Running", "Running → Restarting", "Restarting → Running"],
            _log.Of(2005).Select(line => $"{line.Values["Before"]} → {line.Values["State"]}"));
    }

    private void Start(Func<bool> fails, int tolerable = 0)
    {
        var env = _run.Env(options => options.TolerableFailures = tolerable, parallelism: 2);
        env.LoggerFactory = _log;
        env.FromGenerator(n => n, 200, recordsPerSecond: 1).Parallelism(1).KeyBy(n => n % 7).Process(() => new Counter(fails)).Name("count").Discard();
        _run.Start(env, "logged");
    }
}
