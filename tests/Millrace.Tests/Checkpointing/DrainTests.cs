using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Tests.Checkpointing;

/// <summary>A job that is drained while a checkpoint is on its way.</summary>
public sealed class DrainTests
{
    [Fact]
    public void A_checkpoint_that_began_before_does_not_contain_the_end_of_the_input()
    {
        // A job that goes on from it would read nothing any more.
        var run = new VirtualRun();
        var env = run.Env(options => options.Interval = null);
        env.FromGenerator(i => i, 1_000_000, recordsPerSecond: 10).Uid("source").Discard();
        run.Start(env, "job");
        run.RunTo(2);
        var checkpoint = run.Execution.RequestAsync(SnapshotKind.Checkpoint);
        var savepoint = run.Execution.RequestAsync(SnapshotKind.CanonicalSavepoint, "saved", StopMode.Drain);
        run.RunUntil(() => checkpoint.IsCompleted);
        Assert.False(SourceIn(run.Await(checkpoint)).IsFinished);
        Assert.True(SourceIn(run.Await(savepoint)).IsFinished);

        OperatorManifest SourceIn(string folder) => ManifestFormat.Read(StoredBytes.ReadAll(run.Storage, $"{folder}/_metadata"), folder).Operators.Single(op => op.Uid == "source");
    }
}
