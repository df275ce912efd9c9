namespace Millrace.Connectors;

/// <summary>Reads a sequence without waiting for it: what is not there yet wakes the subtask when it comes.</summary>
internal sealed class AsyncSequenceReader<T>(SourceReaderContext context, Func<CancellationToken, IAsyncEnumerable<T>> create, bool isRepeatable)
    : SourceReader<T, AsyncSequenceSplit>
{
    private readonly CancellationTokenSource _closing = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
    private AsyncSequenceSplit? _split;
    private IAsyncEnumerator<T>? _sequence;
    private Task<bool>? _next;
    private bool _requested;
    private bool _noMoreSplits;

    // How many records the sequence is to give before one is emitted, and how many have been emitted.
    private long _toSkip;
    private long _read;

    public override void AddSplits(IReadOnlyList<AsyncSequenceSplit> splits)
    {
        _split = splits[0];
        _read = _split.Read;
        _toSkip = isRepeatable ? _read : 0;
        context.Wake();
    }

    public override void NoMoreSplits()
    {
        _noMoreSplits = true;
        context.Wake();
    }

    public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
    {
        if (_split is null)
        {
            if (_noMoreSplits)
            {
                return ReadStatus.EndOfInput;
            }

            if (!_requested)
            {
                _requested = true;
                context.RequestSplit();
            }

            return ReadStatus.NothingAvailable;
        }

        _sequence ??= create(_closing.Token).GetAsyncEnumerator(_closing.Token);
        var split = output.ForSplit(_split.SplitId);
        for (int i = 0; i < maxRecords; i++)
        {
            bool any;
            if (_next is { } next)
            {
                if (!next.IsCompleted)
                {
                    return ReadStatus.NothingAvailable;
                }

                _next = null;
                any = next.GetAwaiter().GetResult();
            }
            else
            {
                var moving = _sequence.MoveNextAsync();
                if (!moving.IsCompleted)
                {
                    _next = moving.AsTask();
                    _next.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(context.Wake);
                    return ReadStatus.NothingAvailable;
                }

                any = moving.GetAwaiter().GetResult();
            }

            if (!any)
            {
                output.ReleaseSplit(_split.SplitId);
                _split = null;
                _noMoreSplits = true;
                return ReadStatus.MoreAvailable;
            }

            if (_toSkip > 0)
            {
                _toSkip--;
                continue;
            }

            split.Collect(_sequence.Current);
            _read++;
        }

        return ReadStatus.MoreAvailable;
    }

    public override IReadOnlyList<AsyncSequenceSplit> Snapshot(long checkpointId) => _split is null ? [] : [_split with { Read = _read }];

    public override void Close()
    {
        _closing.Cancel();
        if (_sequence is { } sequence)
        {
            _sequence = null;
            _ = DisposeAsync(sequence, _next);
        }
    }

    private async Task DisposeAsync(IAsyncEnumerator<T> sequence, Task<bool>? next)
    {
        try
        {
            if (next is not null)
            {
                // A sequence must not be disposed of while it is being moved.
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await sequence.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The job is over for this reader, and has its result or its error already.
        }
        finally
        {
            _closing.Dispose();
        }
    }
}
