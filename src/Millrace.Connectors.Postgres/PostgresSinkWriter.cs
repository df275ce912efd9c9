using Npgsql;

namespace Millrace.Connectors;

/// <summary>Writes the rows of one subtask. Records are collected into batches; each is one statement.</summary>
/// <remarks>The timer of <see cref="PostgresDelivery.AtLeastOnce"/> comes in between the engine's calls, so whoever touches batch or connection holds the gate.</remarks>
internal sealed class PostgresSinkWriter<T> : CommittingSinkWriter<T, PostgresTransaction>
{
    private readonly SinkWriterContext _context;
    private readonly PostgresSink<T> _sink;
    private readonly string _prefix;
    private readonly DeadTransactions _dead;
    private readonly StagingTag _tag;
    private readonly T[] _batch;
    private readonly long[] _timestamps;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly ITimer? _timer;
    private readonly Task _opening;
    private NpgsqlConnection? _connection;
    private RowLoader<T>? _loader;
    private Staging? _staging;
    private int _count;
    private long _rows;
    private bool _inTransaction;
    private Exception? _failure;

    internal PostgresSinkWriter(SinkWriterContext context, PostgresSink<T> sink)
    {
        _context = context;
        _sink = sink;
        _prefix = TransactionName.Prefix(context);
        _dead = new DeadTransactions(context, _prefix);
        _tag = new StagingTag(context.Epoch);
        _batch = new T[sink.Options.BatchSize];
        _timestamps = new long[sink.Options.BatchSize];

        // At once, and not with the first record: what a dead attempt has left may hold locks that other subtasks wait for.
        _opening = Task.Run(() => OpenAsync(_closing.Token));
        if (sink.Options.Delivery == PostgresDelivery.AtLeastOnce)
        {
            _timer = context.TimeProvider.CreateTimer(_ => _ = OnTimerAsync(), null, sink.Options.FlushInterval, sink.Options.FlushInterval);
        }
    }

    // Rows of one interval between barriers are one transaction.
    private bool IsTransactional => _sink.Options.Delivery != PostgresDelivery.AtLeastOnce;

    // Without checkpoints rows need no place to wait in. Those with a key still do: upserts of several statements in one transaction could wait for each other's locks.
    private bool IsStaged => IsTransactional && !_sink.UsesPreparedTransactions && (_context.CheckpointingEnabled || _sink.Table.KeyColumns.Count > 0);

    public override async ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (int start = 0; start < batch.Count;)
            {
                int taken = Math.Min(batch.Count - start, _batch.Length - _count);
                batch.Values.Span.Slice(start, taken).CopyTo(_batch.AsSpan(_count));
                batch.Timestamps.Span.Slice(start, taken).CopyTo(_timestamps.AsSpan(_count));
                _count += taken;
                start += taken;
                if (_count == _batch.Length)
                {
                    await SendAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public override async ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SendAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public override async ValueTask<IReadOnlyList<PostgresTransaction>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SendAsync(cancellationToken).ConfigureAwait(false);
            return await PrepareAsync(checkpointId, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            _failure = PostgresErrors.Translate(error, _sink.Table.DisplayName, $"preparing {_rows} rows for checkpoint {checkpointId}");
            throw _failure;
        }
        finally
        {
            _gate.Release();
        }
    }

    public override async ValueTask CloseAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        await _opening.ContinueWith(static opening => _ = opening.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        await _gate.WaitAsync().ConfigureAwait(false);
        if (_connection is { } connection)
        {
            _connection = null;
            await LeaveAsync(connection).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        _closing.Dispose();
    }

    // The pool keeps a session as it is until somebody uses it again. Under its name the next attempt would disconnect it, and that somebody would get a dead one.
    private static async Task LeaveAsync(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand("rollback; reset application_name", connection) { CommandTimeout = 5 };
        await using (command.ConfigureAwait(false))
        {
            try
            {
                await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error) when (error is NpgsqlException or InvalidOperationException or IOException)
            {
                // It is broken, which Npgsql knows now, so that it does not come into the pool.
            }
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            _connection = await _sink.DataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await Staging.ExecuteAsync(
                _connection, $"{_sink.SessionSettings}; set application_name = {SqlText.Literal(_dead.SessionName)}", cancellationToken).ConfigureAwait(false);
            await _dead.DisconnectAsync(_connection, cancellationToken).ConfigureAwait(false);
            var target = await _sink.LoadTargetAsync(_connection, cancellationToken).ConfigureAwait(false);
            _sink.StagingSchema ??= target.Schema;
            if (IsStaged)
            {
                _staging = await Staging.CreateAsync(
                    _connection, _sink.Table, target, _sink.StagingSchema, _prefix, _context.SubtaskIndex, cancellationToken).ConfigureAwait(false);
                _loader = new CopyLoader<T>(_staging.Table, _sink.Table, _tag);
            }
            else
            {
                _loader = _sink.Table.KeyColumns.Count > 0 ? new UpsertLoader<T>(_sink.Table) : new CopyLoader<T>(_sink.Table.QuotedName, _sink.Table, tag: null);
            }

            await RemoveDeadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            throw PostgresErrors.Translate(error, _sink.Table.DisplayName, "opening a writer");
        }
    }

    private async Task RemoveDeadAsync(CancellationToken cancellationToken)
    {
        if (!_context.CheckpointingEnabled)
        {
            return;
        }

        // Both kinds, whatever this attempt makes: the delivery, or the key, may have been another when the last one prepared.
        await _dead.RollBackPreparedAsync(_connection!, cancellationToken).ConfigureAwait(false);
        await _dead.RemoveStagedAsync(_connection!, Staging.LedgerOf(_sink.StagingSchema!), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        if (!_opening.IsCompletedSuccessfully)
        {
            await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_failure is { } failure)
        {
            // Of the timer, or of a call whose error the engine has seen: the transaction is lost, and with it rows.
            _gate.Release();
            throw failure;
        }
    }

    private async Task OnTimerAsync()
    {
        // Where the gate is taken, somebody is sending anyway.
        if (!_opening.IsCompletedSuccessfully || !await _gate.WaitAsync(0).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            if (_failure is null && _connection is not null)
            {
                await SendAsync(_closing.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Kept by SendAsync; the next call of the engine throws it.
            _failure ??= error;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (_count == 0)
        {
            return;
        }

        var records = _batch.AsMemory(0, _count);
        bool skips = _sink.LeavesOut(_context);
        try
        {
            if (!_inTransaction && (IsTransactional || skips))
            {
                await Staging.ExecuteAsync(_connection!, "begin", cancellationToken).ConfigureAwait(false);
                _inTransaction = true;
            }

            if (skips)
            {
                _rows += await new SkippingLoader<T>(_loader!, _sink, _context).LoadAsync(_connection!, records, _timestamps.AsMemory(0, _count), cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await _loader!.LoadAsync(_connection!, records, cancellationToken).ConfigureAwait(false);
                _rows += records.Length;
            }

            if (_inTransaction && !IsTransactional)
            {
                await Staging.ExecuteAsync(_connection!, "commit", cancellationToken).ConfigureAwait(false);
                _inTransaction = false;
            }
        }
        catch (Exception error)
        {
            int index = error is RecordException refused ? refused.Index : PostgresErrors.RowOf(error);
            string? record = (uint)index < (uint)_count ? PostgresErrors.Show(_batch[index]) : _count == 1 ? PostgresErrors.Show(_batch[0]) : null;
            Exception cause = error is RecordException { InnerException: { } inner } ? inner : error;
            _failure = PostgresErrors.Translate(cause, _sink.Table.DisplayName, $"writing {_count} rows", record);
            throw _failure;
        }

        // References that stay here would keep the records alive.
        records.Span.Clear();
        _count = 0;
    }

    private async ValueTask<IReadOnlyList<PostgresTransaction>> PrepareAsync(long checkpointId, CancellationToken cancellationToken)
    {
        IReadOnlyList<PostgresTransaction> prepared = [];
        if (_inTransaction)
        {
            var connection = _connection!;
            string name = new TransactionName(_context.SubtaskIndex, _context.Epoch, checkpointId).Format(_prefix);
            if (!_context.CheckpointingEnabled)
            {
                if (_staging is not null && _rows > 0)
                {
                    string[] columns = [.. _sink.Table.Columns.Select(column => column.Name)];
                    await Staging.ExecuteAsync(
                        connection, Staging.Move(_sink.Table, _staging.Table, columns, _tag.Epoch, _tag.Batch, skip: false), cancellationToken).ConfigureAwait(false);
                }

                await Staging.ExecuteAsync(connection, "commit", cancellationToken).ConfigureAwait(false);
            }
            else if (_rows == 0)
            {
                await Staging.ExecuteAsync(connection, "rollback", cancellationToken).ConfigureAwait(false);
            }
            else if (_staging is not null)
            {
                await _staging.NoteAsync(connection, name, _tag, _rows, cancellationToken).ConfigureAwait(false);
                await Staging.ExecuteAsync(connection, "commit", cancellationToken).ConfigureAwait(false);
                prepared = [new PostgresTransaction(name, Staged: true, _rows)];
            }
            else
            {
                try
                {
                    await Staging.ExecuteAsync(connection, $"prepare transaction {SqlText.Literal(name)}", cancellationToken).ConfigureAwait(false);
                }
                catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DuplicateObject)
                {
                    throw PostgresErrors.NameTaken(name, "in pg_prepared_xacts", error);
                }
                catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
                {
                    throw PostgresErrors.NoPreparedTransactions(_sink.Table.DisplayName, error);
                }

                prepared = [new PostgresTransaction(name, Staged: false, _rows)];
            }

            _inTransaction = false;
            _tag.Batch++;
            _tag.NextSequence = 0;
        }

        _rows = 0;

        // Again and again: an attempt that only seemed dead may have prepared something after this one had begun.
        await RemoveDeadAsync(cancellationToken).ConfigureAwait(false);
        return prepared;
    }
}
