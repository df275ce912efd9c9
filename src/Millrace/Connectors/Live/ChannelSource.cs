using System.Threading.Channels;

namespace Millrace.Connectors;

/// <summary>Takes records that the program pushes: from handlers of requests, from events, from another loop. Unbounded until it is completed.</summary>
/// <remarks>
/// <para>
/// Records wait in a bounded channel, and a writer waits while it is full: backpressure of the job reaches whoever calls <see cref="WriteAsync"/>. All subtasks of the source take from the
/// one channel, each record going to whichever is free; at parallelism 1 the order is that of the writes.
/// </para>
/// <para>
/// At most once: a record that a subtask has taken is gone from the channel, and nothing can bring it back. After a failure the job goes on with what is still in the channel; what it had
/// taken since its last checkpoint is lost, and after the end of the process so is what was in the channel. A completed write therefore means 'taken', not 'processed'. Where that is not
/// enough, write into a log that can be read again (a file, Kafka), and read that.
/// </para>
/// <para>Belongs to one job at a time, in this process. Writing is safe from any thread.</para>
/// </remarks>
/// <example>
/// <code>
/// var clicks = new ChannelSource&lt;Click&gt;(capacity: 10_000);
/// env.FromSource(clicks).KeyBy(click =&gt; click.Page).Reduce((a, b) =&gt; a.Plus(b)).Print();
/// await using var job = env.Start("clicks");
/// app.MapPost("/clicks", async (Click click, CancellationToken cancellationToken) =&gt; await clicks.WriteAsync(click, cancellationToken));
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class ChannelSource<T> : Source<T, ChannelSplit, int>
{
    private readonly Channel<T> _channel;
    private readonly int _capacity;

    // The readers that take from it, of which the first tells what is in it.
    private readonly List<Reader> _readers = [];

    /// <summary>Creates the source.</summary>
    /// <param name="capacity">How many records wait for the job before writers wait; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is less than 1.</exception>
    public ChannelSource(int capacity = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        _channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait });
    }

    /// <inheritdoc/>
    public override Boundedness Boundedness => Boundedness.Unbounded;

    /// <summary>How many records wait for the job at the moment.</summary>
    public int WaitingRecords => _channel.Reader.Count;

    /// <summary>Gives a record to the job, waiting while the channel is full.</summary>
    /// <param name="record">The record; not to be changed any more.</param>
    /// <param name="cancellationToken">
    /// Stops the waiting. While no job runs nobody takes records, and a writer waits for one when the channel is full: give a token that ends with the request or with the program.
    /// </param>
    /// <returns>Complete when the record is in the channel.</returns>
    /// <exception cref="ChannelClosedException">The source was completed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask WriteAsync(T record, CancellationToken cancellationToken = default) => _channel.Writer.WriteAsync(record, cancellationToken);

    /// <summary>Gives a record to the job if there is room.</summary>
    /// <param name="record">The record; not to be changed any more.</param>
    /// <returns><see langword="false"/> when the channel is full or the source was completed.</returns>
    public bool TryWrite(T record) => _channel.Writer.TryWrite(record);

    /// <summary>Ends the source: when the job has taken what is in the channel, its input ends. Only the first call counts.</summary>
    /// <param name="error">Why the input ends too early, with which the job then fails; <see langword="null"/> where it just ends.</param>
    /// <returns>Whether this was the first call.</returns>
    public bool Complete(Exception? error = null) => _channel.Writer.TryComplete(error);

    /// <inheritdoc/>
    public override SplitEnumerator<ChannelSplit, int> CreateEnumerator(SplitEnumeratorContext<ChannelSplit> context, int restored, bool isRestored) => new Enumerator();

    /// <inheritdoc/>
    public override SourceReader<T, ChannelSplit> CreateReader(SourceReaderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var reader = new Reader(this, context);
        lock (_readers)
        {
            _readers.Add(reader);
        }

        return reader;
    }

    /// <summary>There is nothing to hand out: readers share the channel.</summary>
    private sealed class Enumerator : SplitEnumerator<ChannelSplit, int>
    {
        public override long? PendingRecords => 0;

        public override void Start()
        {
        }

        public override void HandleSplitRequest(int subtask)
        {
        }

        public override void AddSplitsBack(IReadOnlyList<ChannelSplit> splits, int subtask)
        {
        }

        public override int Snapshot(long checkpointId) => 0;
    }

    private sealed class Reader(ChannelSource<T> source, SourceReaderContext context) : SourceReader<T, ChannelSplit>
    {
        private readonly ChannelReader<T> _records = source._channel.Reader;
        private volatile bool _isWaiting;

        public override long? PendingRecords
        {
            get
            {
                int waiting = _records.Count;
                if (waiting >= source._capacity)
                {
                    // It is full, and how much writers hold back nobody knows.
                    return null;
                }

                lock (source._readers)
                {
                    return source._readers[0] == this ? waiting : 0;
                }
            }
        }

        public override void AddSplits(IReadOnlyList<ChannelSplit> splits)
        {
        }

        public override void NoMoreSplits()
        {
        }

        public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
        {
            for (int i = 0; i < maxRecords; i++)
            {
                if (!_records.TryRead(out var record))
                {
                    return Wait();
                }

                output.Collect(record);
            }

            return ReadStatus.MoreAvailable;
        }

        public override IReadOnlyList<ChannelSplit> Snapshot(long checkpointId) => [];

        public override void Close()
        {
            lock (source._readers)
            {
                source._readers.Remove(this);
            }
        }

        private ReadStatus Wait()
        {
            if (_isWaiting)
            {
                return ReadStatus.NothingAvailable;
            }

            var ready = _records.WaitToReadAsync(context.CancellationToken);
            if (ready.IsCompletedSuccessfully)
            {
                return ready.GetAwaiter().GetResult() ? ReadStatus.MoreAvailable : ReadStatus.EndOfInput;
            }

            if (ready.IsFaulted)
            {
                // The program's own reason to end the input.
                ready.GetAwaiter().GetResult();
            }

            _isWaiting = true;
            var waiting = ready.AsTask();
            waiting.GetAwaiter().UnsafeOnCompleted(() =>
            {
                // What it came to is asked for again by the next read.
                _ = waiting.Exception;
                _isWaiting = false;
                context.Wake();
            });
            return ReadStatus.NothingAvailable;
        }
    }
}

/// <summary>A part of a <see cref="ChannelSource{T}"/>. There are none: its readers share one channel.</summary>
/// <param name="SplitId">Never used.</param>
public sealed record ChannelSplit(string SplitId) : ISourceSplit;
