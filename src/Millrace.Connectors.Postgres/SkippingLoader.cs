using Npgsql;

namespace Millrace.Connectors;

/// <summary>
/// Sends batches inside a transaction and leaves out records that are refused. A batch is tried whole; where it fails it is rolled back to before it and cut: at the record
/// that the error names, or else in the middle. So a batch with k refused records costs about k times log n statements.
/// </summary>
internal sealed class SkippingLoader<T>(RowLoader<T> loader, PostgresSink<T> sink, SinkWriterContext context)
{
    /// <summary>Sends a batch.</summary>
    /// <param name="connection">In a transaction.</param>
    /// <param name="records">The batch.</param>
    /// <param name="timestamps">The records' timestamps.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many records it has sent.</returns>
    internal async Task<int> LoadAsync(NpgsqlConnection connection, ReadOnlyMemory<T> records, ReadOnlyMemory<long> timestamps, CancellationToken cancellationToken)
    {
        int sent = 0;

        // Cut parts are sent in order, so that the last record of a key still wins.
        var parts = new Stack<(int Start, int End)>([(0, records.Length)]);
        while (parts.TryPop(out var part))
        {
            int count = part.End - part.Start;
            if (count == 0)
            {
                continue;
            }

            await Staging.ExecuteAsync(connection, "savepoint millrace", cancellationToken).ConfigureAwait(false);
            try
            {
                await loader.LoadAsync(connection, records[part.Start..part.End], cancellationToken).ConfigureAwait(false);
                await Staging.ExecuteAsync(connection, "release savepoint millrace", cancellationToken).ConfigureAwait(false);
                sent += count;
            }
            catch (Exception error) when (error is RecordException || PostgresErrors.IsOfTheData(error))
            {
                await Staging.ExecuteAsync(connection, "rollback to savepoint millrace; release savepoint millrace", cancellationToken).ConfigureAwait(false);
                int index = count == 1 ? 0 : error is RecordException refused ? refused.Index : PostgresErrors.RowOf(error);
                if ((uint)index < (uint)count)
                {
                    int at = part.Start + index;
                    LeaveOut(records.Span[at], timestamps.Span[at], error is RecordException { InnerException: { } inner } ? inner : error);
                    parts.Push((at + 1, part.End));
                    parts.Push((part.Start, at));
                }
                else
                {
                    int middle = part.Start + (count / 2);
                    parts.Push((middle, part.End));
                    parts.Push((part.Start, middle));
                }
            }
        }

        return sent;
    }

    private void LeaveOut(T record, long timestamp, Exception cause)
    {
        sink.CountSkipped(1);
        if (context.Errors.LeavesOut)
        {
            context.Errors.Reject(record, timestamp, cause);
        }
        else
        {
            Log.Skipped(context.Logger, sink.Table.DisplayName, PostgresErrors.Describe(cause), PostgresErrors.Show(record));
        }
    }
}
