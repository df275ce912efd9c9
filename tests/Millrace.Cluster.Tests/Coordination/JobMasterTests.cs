using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Millrace.Cluster.Coordination;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;

namespace Millrace.Cluster.Tests.Coordination;

/// <summary>A coordinator that has no workers yet, or no program. Whole jobs are in the tests of processes, and in the simulator.</summary>
public sealed class JobMasterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(54));

    [Fact]
    public async Task A_job_that_gets_no_slots_fails_and_says_how_many_it_needs()
    {
        await using var master = Lead(new Builder(), new JobRecord(3, null, null, null));
        await UntilAsync(() => master.Status.Waiting is not null);
        Assert.Equal((JobState.Created, 3, 0), (master.Status.State, master.Status.Term, master.Status.Parallelism));
        while (!master.Completion.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        var (state, error) = await master.Completion;
        Assert.Equal(JobState.Failed, state);
        Assert.StartsWith("MR6203: Job 'job' has not got its slots.", error, StringComparison.Ordinal);
        Assert.Contains("2 slots", error, StringComparison.Ordinal);

        // Whoever asks for something now is told, and does not wait.
        var over = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => master.RescaleAsync(1).WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Contains("has ended", over.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_wrong_fails_the_job_and_one_that_lacks_something_does_not()
    {
        await using var wrong = Lead(new Builder { Error = new GraphException("MR1002", "no operators") }, JobRecord.New);
        Assert.Equal((JobState.Failed, "MR1002: no operators"), await wrong.Completion.WaitAsync(Patience, TestContext.Current.CancellationToken));

        // Another coordinator tries.
        await using var lacking = Lead(new Builder { Error = new IOException("the database is away") }, JobRecord.New);
        Assert.Equal("the database is away", (await Assert.ThrowsAsync<IOException>(() => lacking.Completion.WaitAsync(Patience, TestContext.Current.CancellationToken))).Message);
    }

    [Fact]
    public async Task A_job_that_waits_can_be_cancelled_and_handed_over()
    {
        await using var cancelled = Lead(new Builder(), JobRecord.New);
        await UntilAsync(() => cancelled.Status.Waiting is not null);
        cancelled.Cancel();
        Assert.Equal((JobState.Canceled, null), await cancelled.Completion.WaitAsync(Patience, TestContext.Current.CancellationToken));

        var left = Lead(new Builder(), JobRecord.New);
        await UntilAsync(() => left.Status.Waiting is not null);
        await left.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left.Completion);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience);
            await Task.Yield();
        }
    }

    private JobMaster Lead(Builder builder, JobRecord record) => new("job", record, builder, new Nobody(), new NoConnections(), new SchedulerOptions(), new AutoscalerOptions(), new ScriptedCluster(_time), isOnlyJob: true, _time, NullLoggerFactory.Instance, static _ => Task.CompletedTask);

    private sealed class Builder : IJobBuilder
    {
        public Exception? Error { get; init; }

        public IReadOnlyList<string> Names => ["job"];

        public BuiltJob Build(string name, int? parallelism)
        {
            if (Error is not null)
            {
                throw Error;
            }

            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism ?? 2 });
            env.FromSequence(1, 10).Discard();
            return new BuiltJob(env.BuildJobGraph(name), new SerializerProvider(env.Serializers), env.LoggerFactory, null, null);
        }
    }

    private sealed class Nobody : IClusterView
    {
        public ClusterSnapshot Current { get; } = new(1, new WorkerInfo("me", "me", "127.0.0.1", 1, 0), []);

        public IDisposable Subscribe(Action<ClusterSnapshot> changed) => new System.IO.MemoryStream();
    }

    private sealed class NoConnections : IDataPlane
    {
        public IDataConnection Open(WorkerInfo peer, DataConnectionKey key) => throw new InvalidOperationException("There is nobody to connect with.");

        public IDataConnection OpenControl(WorkerInfo worker, ControlConnectionKey key) => throw new InvalidOperationException("There is nobody to connect with.");
    }
}
