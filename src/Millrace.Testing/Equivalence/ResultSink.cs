using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Testing;

/// <summary>Captures results in a <see cref="ResultStore"/>, one transaction for each checkpoint and subtask.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="store">Keeps them.</param>
/// <param name="name">Names them.</param>
/// <param name="format">Makes text of a record.</param>
/// <param name="random">Decides what takes long and what has to be tried again; null where nothing does.</param>
internal sealed class ResultSink<T>(ResultStore store, string name, Func<T, string> format, Random? random) : CommittingSink<T, string>
{
    private ResultStore Store => store;

    private Func<T, string> Format => format;

    public override CommittingSinkWriter<T, string> CreateWriter(SinkWriterContext context)
    {
        var party = new ResultParty(name, context.SubtaskIndex, context.Parallelism, context.Epoch, context.RestoredCheckpointId);
        store.Begin(party);
        return new Writer(this, party, context.TimeProvider);
    }

    public override Committer<string> CreateCommitter(SinkWriterContext context) => new ResultCommitter(this, context.TimeProvider);

    /// <summary>Some time, or none.</summary>
    private ValueTask WaitAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (random is null || random.Next(3) == 0)
        {
            return ValueTask.CompletedTask;
        }

        // Not a delay of the framework, which goes on on another thread when it is cancelled: the simulation has only one.
        var over = new TaskCompletionSource();
        _ = time.CreateTimer(_ => over.TrySetResult(), null, TimeSpan.FromMicroseconds(random.Next(1, 4_000)), Timeout.InfiniteTimeSpan);
        cancellationToken.Register(() => over.TrySetCanceled(cancellationToken));
        return new ValueTask(over.Task);
    }

    /// <summary>Whether an answer gets lost.</summary>
    private bool IsUnsure() => random?.Next(20) == 0;

    private sealed class Writer(ResultSink<T> sink, ResultParty party, TimeProvider time) : CommittingSinkWriter<T, string>
    {
        private readonly List<string> _rows = [];
        private int _transactions;

        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
        {
            if (sink.Store.TakeFailure())
            {
                throw new IOException("The test has this write fail.");
            }

            foreach (var value in batch.Values.Span)
            {
                _rows.Add(sink.Format(value));
            }

            return sink.WaitAsync(time, cancellationToken);
        }

        public override async ValueTask<IReadOnlyList<string>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
        {
            await sink.WaitAsync(time, cancellationToken).ConfigureAwait(false);
            if (_rows.Count == 0)
            {
                return [];
            }

            string id = string.Create(CultureInfo.InvariantCulture, $"{party.Sink}-{party.Subtask}-{party.Epoch}-{++_transactions}");
            sink.Store.Prepare(id, party, checkpointId, [.. _rows]);
            _rows.Clear();
            return [id];
        }
    }

    private sealed class ResultCommitter(ResultSink<T> sink, TimeProvider time) : Committer<string>
    {
        public override async ValueTask CommitAsync(IReadOnlyList<string> committables, CancellationToken cancellationToken)
        {
            foreach (string id in committables)
            {
                await sink.WaitAsync(time, cancellationToken).ConfigureAwait(false);
                bool unsure = sink.IsUnsure();
                sink.Store.Commit(id);
                if (unsure)
                {
                    throw new ConnectorException("TEST02", "The test has the answer to this commit get lost.", isTransient: true);
                }
            }
        }
    }
}
