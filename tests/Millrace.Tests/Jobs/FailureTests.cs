using Millrace.Testing;

namespace Millrace.Tests.Jobs;

/// <summary>User code that throws, at every point where the engine calls it.</summary>
public sealed class FailureTests
{
    public static TheoryData<FaultPoint> Faults => [.. Enum.GetValues<FaultPoint>().Except([FaultPoint.None, FaultPoint.EnumeratorClose])];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_fails_the_job_with_operator_and_cause_and_closes_everything_on_any_schedule(FaultPoint fault)
    {
        for (ulong seed = 0; seed < 25; seed++)
        {
            var probe = new Probe(fault, onThreads: false);
            var env = FaultyJob.Build(probe, asynchronous: false);
            var error = Assert.Throws<JobFailedException>(() => JobRunner.Run(env, seed));
            AssertReported(probe, error);
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_fails_the_job_with_operator_and_cause_and_closes_everything_on_threads(FaultPoint fault)
    {
        for (int run = 0; run < 5; run++)
        {
            var probe = new Probe(fault, onThreads: true);
            var env = FaultyJob.Build(probe, asynchronous: true);
            var error = await Assert.ThrowsAsync<JobFailedException>(() => Patience.FinishAsync(env.ExecuteAsync("faulty", Patience.Token)));
            AssertReported(probe, error);
            Patience.AssertEnded(probe.Threads);
        }
    }

    [Fact]
    public void Without_a_fault_the_job_finishes_and_closes_everything_on_any_schedule()
    {
        for (ulong seed = 0; seed < 100; seed++)
        {
            var probe = new Probe(FaultPoint.None, onThreads: false);
            var result = JobRunner.Run(FaultyJob.Build(probe, asynchronous: false), seed);
            Assert.Equal(JobState.Finished, result.State);

            // 2 readers, 2 maps, 2 keyed, 4 of the window, 2 writers, 2 committers, the enumerator.
            Assert.Equal(15, probe.Opened);
            probe.AssertAllClosedOnce();
        }
    }

    [Fact]
    public async Task Without_a_fault_the_job_finishes_on_threads_of_its_own_and_leaves_none()
    {
        for (int run = 0; run < 20; run++)
        {
            var probe = new Probe(FaultPoint.None, onThreads: true);
            var result = await Patience.FinishAsync(FaultyJob.Build(probe, asynchronous: true).ExecuteAsync("sound", Patience.Token));
            Assert.Equal(JobState.Finished, result.State);
            Assert.Equal(15, probe.Opened);
            probe.AssertAllClosedOnce();
            Patience.AssertEnded(probe.Threads);
        }
    }

    [Fact]
    public async Task An_enumerator_that_throws_when_it_is_closed_does_not_keep_the_job_from_ending()
    {
        var probe = new Probe(FaultPoint.EnumeratorClose, onThreads: true);
        var result = await Patience.FinishAsync(FaultyJob.Build(probe, asynchronous: true).ExecuteAsync("enumerator", Patience.Token));
        Assert.Equal(JobState.Finished, result.State);
        probe.AssertAllClosedOnce();
    }

    private static void AssertReported(Probe probe, JobFailedException error)
    {
        Assert.Equal("MR2001", error.Code);
        Assert.Contains($"boom at {probe.Fault}", error.Message, StringComparison.Ordinal);
        Assert.Contains(FaultyJob.OperatorOf(probe.Fault), error.Message, StringComparison.Ordinal);
        Assert.Contains(probe.Thrown, thrown => ReferenceEquals(thrown, error.InnerException));
        probe.AssertAllClosedOnce();
    }
}
