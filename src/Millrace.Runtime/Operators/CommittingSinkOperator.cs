using Millrace.Connectors;

namespace Millrace.Runtime.Operators;

/// <summary>
/// The end of a stream whose results become visible by commit. Without checkpoints what the writer has prepared is committed once a second,
/// and everything at the end of the input.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TCommittable">What identifies a prepared transaction.</typeparam>
internal sealed class CommittingSinkOperator<T, TCommittable>(CommittingSink<T, TCommittable> sink) : SinkOperator<T>(sink)
{
    private const long CommitInterval = 1_000;
    private Committer<TCommittable>? _committer;
    private CommittingSinkWriter<T, TCommittable>? _writer;
    private long _nextCommit = long.MaxValue;
    private long _commits;

    public override long NextProcessingTime => _nextCommit;

    public override void OnProcessingTime(long now)
    {
        if (now >= _nextCommit)
        {
            _nextCommit = now + CommitInterval;
            EnqueueCommit(endOfInput: false);
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

    protected override SinkWriter<T> CreateWriter(SinkWriterContext context)
    {
        // The committer first: base.CloseAsync knows of a writer only when it has been returned.
        _committer = sink.CreateCommitter(context);
        _writer = sink.CreateWriter(context);
        _nextCommit = Context.ProcessingTime + CommitInterval;
        return _writer;
    }

    protected override void EnqueueCommit(bool endOfInput)
    {
        if (endOfInput)
        {
            _nextCommit = long.MaxValue;
        }

        Enqueue(async () =>
        {
            var prepared = await _writer!.PrepareCommitAsync(++_commits, endOfInput, Context.CancellationToken).ConfigureAwait(false);
            if (prepared.Count > 0)
            {
                await _committer!.CommitAsync(prepared, Context.CancellationToken).ConfigureAwait(false);
            }
        });
    }
}
