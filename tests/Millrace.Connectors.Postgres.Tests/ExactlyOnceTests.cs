namespace Millrace.Connectors.Tests;

/// <summary>Crashes at every step between writing and the acknowledgment of a commit.</summary>
public sealed class ExactlyOnceTests(Server server)
{
    public static TheoryData<PostgresDelivery, bool> Modes => new()
    {
        { PostgresDelivery.ExactlyOnce, false },
        { PostgresDelivery.ExactlyOnceStaged, false },
        { PostgresDelivery.ExactlyOnce, true },
        { PostgresDelivery.ExactlyOnceStaged, true },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task Rows_are_visible_when_the_checkpoint_is_complete_and_not_before(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1), new Row(2));
        Assert.Empty(await scene.IdsAsync());
        long checkpoint = await scene.Job.PrepareAsync();
        Assert.Empty(await scene.IdsAsync());
        scene.Job.Complete(checkpoint);
        await scene.Job.CommitAllAsync();
        Assert.Equal([1, 2], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task What_was_written_but_not_prepared_is_gone_after_a_crash(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.CheckpointAsync();
        await scene.Job.WriteAsync(0, new Row(2), new Row(3), new Row(4));
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(2));
        await scene.Job.CheckpointAsync();
        Assert.Equal([1, 2], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task What_was_prepared_for_a_checkpoint_that_was_not_completed_is_rolled_back(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(2);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.WriteAsync(1, new Row(2));
        await scene.Job.PrepareAsync();
        Assert.Equal(2, await scene.LeftAsync());
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(2);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.WriteAsync(1, new Row(2));
        await scene.Job.CheckpointAsync();
        Assert.Equal([1, 2], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task What_a_complete_checkpoint_has_is_committed_after_the_restore(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        scene.Job.Complete(await scene.Job.PrepareAsync());
        await scene.Job.CrashAsync();
        Assert.Empty(await scene.IdsAsync());
        await scene.Job.StartAsync(1);
        Assert.Equal([1], await scene.IdsAsync());
        await scene.Job.CheckpointAsync();
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task A_commit_that_nobody_heard_of_is_repeated_without_effect(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        scene.Job.Complete(await scene.Job.PrepareAsync());
        await scene.Job.CommitAsync(0, acknowledged: false);
        await scene.Job.CommitAsync(0, acknowledged: false);
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(1);
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(1);
        Assert.Equal([1], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task What_was_prepared_for_a_lost_checkpoint_is_committed_with_a_later_one(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.PrepareAsync();
        await scene.Job.WriteAsync(0, new Row(2));
        scene.Job.Complete(await scene.Job.PrepareAsync());
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(1);
        Assert.Equal([1, 2], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce, 3, 2)]
    [InlineData(PostgresDelivery.ExactlyOnce, 2, 3)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, 3, 2)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged, 2, 3)]
    public async Task At_another_parallelism_others_commit_and_roll_back(PostgresDelivery delivery, int before, int after)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key: false);
        await scene.Job.StartAsync(before);
        for (int i = 0; i < before; i++)
        {
            await scene.Job.WriteAsync(i, new Row(i));
        }

        scene.Job.Complete(await scene.Job.PrepareAsync());
        for (int i = 0; i < before; i++)
        {
            await scene.Job.WriteAsync(i, new Row(100 + i));
        }

        await scene.Job.PrepareAsync();
        await scene.Job.CrashAsync();
        await scene.Job.StartAsync(after);
        Assert.Equal(Enumerable.Range(0, before).Select(id => (long)id), await scene.IdsAsync());
        for (int i = 0; i < before; i++)
        {
            await scene.Job.WriteAsync(i % after, new Row(100 + i));
        }

        await scene.Job.CheckpointAsync();
        Assert.Equal(Enumerable.Range(0, before).Concat(Enumerable.Range(100, before)).Select(id => (long)id), await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task A_frozen_attempt_holds_no_locks_and_prepares_nothing(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key, batchSize: 1);
        await scene.Job.StartAsync(2);
        await scene.Job.WriteAsync(0, new Row(1));
        await scene.Job.WriteAsync(1, new Row(2));
        await scene.Job.CrashAsync(frozen: true);

        // The same keys: with a transaction of the frozen attempt still open, this would wait for it.
        await scene.Job.StartAsync(2);
        await scene.Job.WriteAsync(1, new Row(1));
        await scene.Job.WriteAsync(0, new Row(2));
        await scene.Job.WakeAsync();
        await scene.Job.CheckpointAsync();
        Assert.Equal([1, 2], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task Two_who_commit_the_same_at_once_commit_once(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, [.. Enumerable.Range(0, 2000).Select(id => new Row(id))]);
        scene.Job.Complete(await scene.Job.PrepareAsync());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RepeatUntilFreeAsync(() => scene.Job.CommitAsync(0, acknowledged: false))));
        Assert.Equal(2000, (await scene.IdsAsync()).Count);
        await scene.AssertNothingIsLeftAsync();

        // A prepared transaction that somebody else is committing is a transient error; the engine tries again.
        static async Task RepeatUntilFreeAsync(Func<Task> commit)
        {
            while (true)
            {
                try
                {
                    await commit();
                    return;
                }
                catch (ConnectorException error) when (error is { IsTransient: true, Code: "MR7207" })
                {
                    await Task.Yield();
                }
            }
        }
    }

    [Theory]
    [InlineData(PostgresDelivery.ExactlyOnce)]
    [InlineData(PostgresDelivery.ExactlyOnceStaged)]
    public async Task A_job_of_another_id_or_uid_is_left_alone(PostgresDelivery delivery)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key: false);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        long checkpoint = await scene.Job.PrepareAsync();
        await using var other = new SinkJob<Row>(scene.Sink, scene.Job.JobId + "2");
        await other.StartAsync(1);
        await other.CrashAsync();
        await other.StartAsync(1);
        await other.CheckpointAsync();
        scene.Job.Complete(checkpoint);
        await scene.Job.CommitAllAsync();
        Assert.Equal([1], await scene.IdsAsync());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task Without_checkpoints_each_call_commits(PostgresDelivery delivery, bool key)
    {
        await using var scene = await Scene.CreateAsync(server, delivery, key, checkpoints: false);
        await scene.Job.StartAsync(1);
        await scene.Job.WriteAsync(0, new Row(1));
        Assert.Empty(await scene.IdsAsync());
        await scene.Job.PrepareAsync();
        Assert.Equal([1], await scene.IdsAsync());
        await scene.Job.WriteAsync(0, new Row(2));
        await scene.Job.PrepareAsync(endOfInput: true);
        Assert.Equal([1, 2], await scene.IdsAsync());
        await scene.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_name_that_an_earlier_life_of_the_job_has_left_is_a_readable_error()
    {
        foreach (var delivery in new[] { PostgresDelivery.ExactlyOnce, PostgresDelivery.ExactlyOnceStaged })
        {
            await using var scene = await Scene.CreateAsync(server, delivery, key: false);
            await scene.Job.StartAsync(1);
            await scene.Job.WriteAsync(0, new Row(1));
            await scene.Job.PrepareAsync();
            await using var again = new SinkJob<Row>(scene.Sink, scene.Job.JobId);
            await again.StartAsync(1);
            await again.WriteAsync(0, new Row(2));
            var error = await Assert.ThrowsAsync<ConnectorException>(() => again.PrepareAsync());
            Assert.Equal("MR7205", error.Code);
            Assert.Contains($"millrace:{scene.Job.JobId}:", error.Message, StringComparison.Ordinal);
            await again.CrashAsync();
            await scene.Job.CheckpointAsync();
        }
    }
}
