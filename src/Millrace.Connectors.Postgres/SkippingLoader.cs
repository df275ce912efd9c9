using Microsoft.Extensions.Logging;
using Npgsql;

namespace Millrace.Connectors;

/// <summary>
/// Sends batches inside a transaction and leaves out records that are refused. A batch is tried whole; where it fails it is rolled back to before it and cut: at the record
/// that the error names, or else in the middle. So a batch with k refused records costs about k times log n statements.
/// </summary>
internal sealed class SkippingLoader<T>(RowLoader<T> loader, PostgresSink<T> sink, ILogger logger)
{
    /// <summary>Sends a batch.</summary>
    /// <returns>How many records it has sent.</returns>
    internal async Task<int> LoadAsync(NpgsqlConnection connection, ReadOnlyMemory<T> records, CancellationToken cancellationToken)
    {
        int sent = 0;

        // Cut parts are sent in order, so that the last record of a key still wins.
        var parts = new Stack<ReadOnlyMemory<T>>([records]);
        while (parts.TryPop(out var part))
        {
            if (part.IsEmpty)
            {
                continue;
            }

            await Staging.ExecuteAsync(connection, "savepoint millrace", cancellationToken).ConfigureAwait(false);
            try
            {
                await loader.LoadAsync(connection, part, cancellationToken).ConfigureAwait(false);
                await Staging.ExecuteAsync(connection, "release savepoint millrace", cancellationToken).ConfigureAwait(false);
                sent += part.Length;
            }
            catch (Exception error) when (error is RecordException || PostgresErrors.IsOfTheData(error))
            {
                await Staging.ExecuteAsync(connection, "rollback to savepoint millrace; release savepoint millrace", cancellationToken).ConfigureAwait(false);
                int index = part.Length == 1 ? 0 : error is RecordException refused ? refused.Index : PostgresErrors.RowOf(error);
                if ((uint)index < (uint)part.Length)
                {
                    sink.CountSkipped(1);
                    Log.Skipped(logger, sink.Table.DisplayName, PostgresErrors.Describe(error), PostgresErrors.Show(part.Span[index]));
                    parts.Push(part[(index + 1)..]);
                    parts.Push(part[..index]);
                }
                else
                {
                    parts.Push(part[(part.Length / 2)..]);
                    parts.Push(part[..(part.Length / 2)]);
                }
            }
        }

        return sent;
    }
}
