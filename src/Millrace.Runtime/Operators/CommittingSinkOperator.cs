using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.State.Operator;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>
/// The end of a stream whose results become visible by commit. With checkpoints the writer prepares at every barrier, and what it has prepared is committed
/// when the checkpoint is complete, also after a restore. Without checkpoints what the writer has prepared is committed once a second,
/// and everything at the end of the input.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TCommittable">What identifies a prepared transaction.</typeparam>
internal sealed class CommittingSinkOperator<T, TCommittable>(CommittingSink<T, TCommittable> sink) : SinkOperator<T>(sink), ICommittingOperator
{
    private const long CommitInterval = 1_000;
    private const int Retries = 10;
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(100);

    // The subtask takes nothing meanwhile: what does not work within half a minute is left to a restart.
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(5);
    private Committer<TCommittable>? _committer;
    private CommittingSinkWriter<T, TCommittable>? _writer;
    private IReadOnlyList<TCommittable> _fresh = [];
    private OperatorListState<Prepared<TCommittable>>? _prepared;
    private long _nextCommit = long.MaxValue;
    private long _commits;

    public override long NextProcessingTime => _nextCommit;

    public override bool GoesByDurations => true;

    public override void Open()
    {
        OpenCommitter();
        base.Open();
        if (!Context.TakesCheckpoints)
        {
            _nextCommit = Now + CommitInterval;
        }
    }

    public override void OpenState()
    {
        if (Context.TakesCheckpoints && Context.OperatorState is OperatorStateBackend state)
        {
            _prepared = Committables(state);
        }
    }

    public void OpenFinished()
    {
        OpenCommitter();
        Resume();
    }

    protected override void OnProcessingTime(long now)
    {
        if (now >= _nextCommit)
        {
            _nextCommit = now + CommitInterval;
            EnqueueCommit(endOfInput: false);
            Resume();
        }
    }

    public override void CheckpointCompleted(long checkpointId)
    {
        if (_prepared is not null && _prepared.Items.Any(prepared => prepared.CheckpointId <= checkpointId))
        {
            EnqueueCommit([.. _prepared.Items.Where(prepared => prepared.CheckpointId <= checkpointId)]);
            Resume();
        }
    }

    public override async ValueTask CloseAsync()
    {
        try
        {
            await base.CloseAsync().ConfigureAwait(false);
        }
        finally
        {
            if (_committer is { } committer)
            {
                _committer = null;
                try
                {
                    await committer.CloseAsync().ConfigureAwait(false);
                }
                catch (Exception cause) when (cause is not MillraceException)
                {
                    throw Context.Failure(cause, "closing the committer");
                }
            }
        }
    }

    protected override SinkWriter<T> CreateWriter(SinkWriterContext context) => _writer = sink.CreateWriter(context);

    protected override async ValueTask PrepareSnapshotAsync(CheckpointBarrier barrier)
    {
        _fresh = await _writer!.PrepareCommitAsync(barrier.CheckpointId, HasInputEnded, Context.CancellationToken).ConfigureAwait(false);
    }

    protected override void CompleteSnapshot(CheckpointBarrier barrier)
    {
        foreach (var committable in _fresh)
        {
            _prepared!.Add(new Prepared<TCommittable>(barrier.CheckpointId, committable));
        }

        _fresh = [];
    }

    protected override void EnqueueCommit(bool endOfInput)
    {
        if (Context.TakesCheckpoints)
        {
            // Everything is prepared at the next barrier, which is the last, and committed behind it.
            return;
        }

        if (endOfInput)
        {
            _nextCommit = long.MaxValue;
        }

        Enqueue(async () =>
        {
            var prepared = await _writer!.PrepareCommitAsync(++_commits, endOfInput, Context.CancellationToken).ConfigureAwait(false);
            await CommitAsync(prepared).ConfigureAwait(false);
        });
    }

    /// <summary>The committer comes before the writer: what an earlier run has prepared is committed before anything new is written.</summary>
    private void OpenCommitter()
    {
        try
        {
            _committer = sink.CreateCommitter(CreateContext());
        }
        catch (Exception cause) when (cause is not MillraceException)
        {
            throw Context.Failure(cause, "opening the committer");
        }

        if (Context.TakesCheckpoints && Context.OperatorState is OperatorStateBackend state)
        {
            _prepared = Committables(state);
            if (_prepared.Items.Count > 0)
            {
                EnqueueCommit([.. _prepared.Items.OrderBy(prepared => prepared.CheckpointId)]);
            }
        }
    }

    private OperatorListState<Prepared<TCommittable>> Committables(OperatorStateBackend state) => state.GetList(
        CommittingSink.CommittablesName, Redistribution.Split, new PreparedSerializer<TCommittable>(sink.CommittableSerializer ?? Context.Serializers.Get<TCommittable>()));

    private void EnqueueCommit(IReadOnlyList<Prepared<TCommittable>> prepared)
    {
        Enqueue(() => CommitAsync([.. prepared.Select(item => item.Committable)]));

        // On the subtask's turn again: a snapshot must not meet the list half changed.
        Enqueue(() =>
        {
            _prepared!.Update(_prepared.Items.Where(item => !prepared.Contains(item)).ToList());
            return default;
        });
    }

    private async ValueTask CommitAsync(IReadOnlyList<TCommittable> committables)
    {
        if (committables.Count == 0)
        {
            return;
        }

        var delay = FirstRetryDelay;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await _committer!.CommitAsync(committables, Context.CancellationToken).ConfigureAwait(false);
                return;
            }
            catch (ConnectorException error) when (error.IsTransient && attempt < Retries)
            {
                Diagnostics.Log.CommitRetried(Context.Logger, error, Context.SubtaskName, committables.Count, attempt + 1);
                await WaitAsync(delay).ConfigureAwait(false);
                delay = delay * 2 < LongestRetryDelay ? delay * 2 : LongestRetryDelay;
            }
        }
    }

    /// <summary>Waits by the job's clock, without the thread pool: where the clock is a test's, its one thread goes on here.</summary>
    private async Task WaitAsync(TimeSpan delay)
    {
        var over = new TaskCompletionSource();
        await using var timer = Context.TimeProvider.CreateTimer(static state => ((TaskCompletionSource)state!).TrySetResult(), over, delay, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        await using var cancellation = Context.CancellationToken.Register(static state => ((TaskCompletionSource)state!).TrySetCanceled(), over).ConfigureAwait(false);
        await over.Task.ConfigureAwait(false);
    }
}

/// <summary>What is the same for all operators that commit.</summary>
internal static class CommittingSink
{
    /// <summary>The operator state that has what is prepared and not committed yet.</summary>
    public const string CommittablesName = ".committables";
}
