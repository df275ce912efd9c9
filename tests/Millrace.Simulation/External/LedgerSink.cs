using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Simulation.External;

/// <summary>Writes into a <see cref="Ledger{T}"/> with a transaction for each checkpoint and subtask.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="ledger">The external system.</param>
internal sealed class LedgerSink<T>(Ledger<T> ledger) : CommittingSink<T, LedgerCommittable>
{
    public override CommittingSinkWriter<T, LedgerCommittable> CreateWriter(SinkWriterContext context)
    {
        ledger.Connect();
        var party = new LedgerParty(context.OperatorUid, context.SubtaskIndex, context.Parallelism, context.Epoch, context.RestoredCheckpointId);
        ledger.Register(party);
        return new Writer(ledger, party, context.TimeProvider);
    }

    public override Committer<LedgerCommittable> CreateCommitter(SinkWriterContext context) => new LedgerCommitter(ledger, context.TimeProvider);

    private sealed class Writer(Ledger<T> ledger, LedgerParty party, TimeProvider clock) : CommittingSinkWriter<T, LedgerCommittable>
    {
        private int _count;
        private string? _current;

        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
        {
            _current ??= string.Create(CultureInfo.InvariantCulture, $"{party.Operator}-{party.Subtask}-{party.Epoch}-{++_count}");
            string id = _current;

            // The batch is valid only until the task is complete; the request may arrive later than that.
            T[] records = batch.Values.ToArray();
            return ledger.RequestAsync(clock, () => ledger.Write(party, id, records), cancellationToken);
        }

        public override async ValueTask<IReadOnlyList<LedgerCommittable>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
        {
            if (_current is not { } id)
            {
                return [];
            }

            await ledger.RequestAsync(clock, () => ledger.Prepare(party, id, checkpointId), cancellationToken);
            _current = null;
            return [new LedgerCommittable(id, checkpointId)];
        }

        public override ValueTask CloseAsync() =>
            _current is { } id ? ledger.RequestAsync(clock, () => ledger.Abort(id), CancellationToken.None) : ValueTask.CompletedTask;
    }

    private sealed class LedgerCommitter(Ledger<T> ledger, TimeProvider clock) : Committer<LedgerCommittable>
    {
        public override async ValueTask CommitAsync(IReadOnlyList<LedgerCommittable> committables, CancellationToken cancellationToken)
        {
            foreach (var committable in committables)
            {
                await ledger.RequestAsync(clock, () => ledger.Commit(committable), cancellationToken);
            }
        }
    }
}
