using Millrace.Connectors;
using Millrace.Testing;

namespace Millrace.Tests.Jobs;

/// <summary>Whoever asks a job for something that it will not do any more hears so.</summary>
public sealed class RequestsAfterTheEndTests
{
    [Fact]
    public async Task A_checkpoint_that_is_asked_for_while_the_job_ends_or_later_is_refused()
    {
        var options = new ExecutionOptions { Parallelism = 1 };
        options.Checkpoints.Storage = new InMemoryCheckpointStorage();
        options.Checkpoints.Interval = null;
        var env = new StreamExecutionEnvironment(options);
        env.FromSequence(0, 99).SinkTo(new DiscardSink<long>());
        await using var job = env.Start("short");
        await Patience.FinishAsync(job.Completion);

        // Many, because the job looks for requests a last time shortly after it has told that it is complete.
        for (int i = 0; i < 1000; i++)
        {
            var error = await Assert.ThrowsAsync<MillraceException>(() => Patience.FinishAsync(job.TriggerCheckpointAsync()));
            Assert.Contains("the job has ended", error.Message, StringComparison.Ordinal);
        }
    }
}
