namespace Millrace.Connectors;

/// <summary>When a <see cref="BatchCallbackSink{T}"/> hands over its records.</summary>
public sealed class BatchCallbackOptions
{
    /// <summary>How many records make a batch; only what a barrier, the end or <see cref="MaxWait"/> hands over early is smaller.</summary>
    /// <value>500. At least 1.</value>
    public int MaxRecords { get; init; } = 500;

    /// <summary>How long a record waits for others.</summary>
    /// <value>1 second. Longer than zero.</value>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>Hands records to your own code in batches of a size that suits it: for services that take many rows at once.</summary>
/// <remarks>
/// <para>
/// Each subtask gathers records of its own, and calls the function for one batch at a time; at parallelism greater than 1 it is called by several subtasks at once. The job waits while a full
/// batch is being handed over.
/// </para>
/// <para>
/// At least once: what was gathered is handed over before a checkpoint is taken, so that nothing is lost; after a failure what was handed over since the last checkpoint comes again. An error of
/// the function fails the job. For whatever the engine's batches happen to be, take <see cref="CallbackSink{T}"/>.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// var sink = new BatchCallbackSink&lt;Order&gt;(
///     async (orders, cancellationToken) =&gt; await client.UploadAsync(orders, cancellationToken),
///     new BatchCallbackOptions { MaxRecords = 1000, MaxWait = TimeSpan.FromSeconds(5) });
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class BatchCallbackSink<T> : Sink<T>
{
    private readonly Func<IReadOnlyList<T>, CancellationToken, ValueTask> _function;
    private readonly BatchCallbackOptions _options;

    /// <summary>Creates the sink.</summary>
    /// <param name="function">Takes a batch, which is not empty and valid until the returned task is complete.</param>
    /// <param name="options">When; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public BatchCallbackSink(Func<IReadOnlyList<T>, CancellationToken, ValueTask> function, BatchCallbackOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(function);
        _function = function;
        _options = options ?? new BatchCallbackOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxRecords, 1, $"{nameof(options)}.{nameof(BatchCallbackOptions.MaxRecords)}");
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_options.MaxWait, TimeSpan.Zero, $"{nameof(options)}.{nameof(BatchCallbackOptions.MaxWait)}");
    }

    /// <inheritdoc/>
    public override SinkWriter<T> CreateWriter(SinkWriterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new Writer(_function, _options, context.TimeProvider);
    }

    private sealed class Writer : SinkWriter<T>
    {
        private readonly Func<IReadOnlyList<T>, CancellationToken, ValueTask> _function;
        private readonly BatchCallbackOptions _options;
        private readonly List<T> _records;
        private readonly ITimer _timer;
        private readonly CancellationTokenSource _closing = new();

        // The clock hands over too, and not while the subtask does.
        private readonly SemaphoreSlim _turn = new(1, 1);
        private Exception? _error;
        private bool _isClosed;

        public Writer(Func<IReadOnlyList<T>, CancellationToken, ValueTask> function, BatchCallbackOptions options, TimeProvider time)
        {
            _function = function;
            _options = options;
            _records = new List<T>(Math.Min(options.MaxRecords, 1024));
            _timer = time.CreateTimer(_ => _ = TimeHasComeAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public override async ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                ThrowIfFailed();
                for (int i = 0; i < batch.Count; i++)
                {
                    if (_records.Count == 0)
                    {
                        _timer.Change(_options.MaxWait, Timeout.InfiniteTimeSpan);
                    }

                    _records.Add(batch.Values.Span[i]);
                    if (_records.Count == _options.MaxRecords)
                    {
                        await HandOverAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
            }
            finally
            {
                _turn.Release();
            }
        }

        public override async ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                ThrowIfFailed();
                await HandOverAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }

        public override async ValueTask CloseAsync()
        {
            await _closing.CancelAsync().ConfigureAwait(false);
            await _timer.DisposeAsync().ConfigureAwait(false);
            await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _isClosed = true;
            _records.Clear();
            _turn.Release();
        }

        private async Task TimeHasComeAsync()
        {
            await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                if (!_isClosed && _error is null)
                {
                    await HandOverAsync(_closing.Token).ConfigureAwait(false);
                }
            }
            catch (Exception error)
            {
                // Fails the next call, which is at the next barrier at the latest: a checkpoint must not count on what was not handed over.
                _error = error;
            }
            finally
            {
                _turn.Release();
            }
        }

        private async ValueTask HandOverAsync(CancellationToken cancellationToken)
        {
            if (_records.Count > 0)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                await _function(_records, cancellationToken).ConfigureAwait(false);
                _records.Clear();
            }
        }

        private void ThrowIfFailed()
        {
            if (_error is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_error);
            }
        }
    }
}
