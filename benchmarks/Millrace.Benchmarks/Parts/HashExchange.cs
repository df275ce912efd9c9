using Millrace.Benchmarks.Harness;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;

namespace Millrace.Benchmarks.Parts;

/// <summary>
/// Records of 40 bytes by key from producing to consuming subtasks over local channels, on the engine's own threads. The producers copy prepared
/// batches; the consumers count.
/// </summary>
internal class HashExchange(int parallelism) : Part
{
    private readonly Feed<Reading>[] _feeds = [.. Enumerable.Range(0, parallelism).Select(_ => new Feed<Reading>(Make, 16 * Feed<Reading>.BatchSize))];
    private readonly ThreadedScheduler _scheduler = new(Environment.ProcessorCount, TimeProvider.System, "exchange");
    private readonly ExecutionOptions _options = new() { Parallelism = parallelism };
    private readonly Counter<Reading>[] _counters = [.. Enumerable.Range(0, parallelism).Select(_ => new Counter<Reading>())];

    public static Reading Make(int index) => new(Scrambled.Below(index, 1 << 20), index, 0, 1, 2);

    public override async Task RunAsync(long records)
    {
        var end = new EndOfAll(parallelism * 2);
        var producers = new Subtask[parallelism];
        var consumers = new Subtask[parallelism];
        var senders = new IChannelSender<Reading>[parallelism, parallelism];
        var receivers = new IChannelReceiver<Reading>[parallelism, parallelism];
        long before = _counters.Sum(counter => counter.Count);
        for (int i = 0; i < parallelism; i++)
        {
            int index = i;
            producers[i] = NewSubtask(new SubtaskId(0, i), end, subtask => Produce(subtask, records / parallelism, [.. Row(senders, index)]));
            consumers[i] = NewSubtask(new SubtaskId(1, i), end, subtask => Consume(subtask, [.. Column(receivers, index)]));
        }

        for (int from = 0; from < parallelism; from++)
        {
            for (int to = 0; to < parallelism; to++)
            {
                (senders[from, to], receivers[from, to]) = Connect(from, to, producers[from], consumers[to]);
            }
        }

        Connected();
        foreach (var subtask in consumers.Concat(producers))
        {
            subtask.Wake();
        }

        await end.Completion.ConfigureAwait(false);
        Disconnect();
        long arrived = _counters.Sum(counter => counter.Count) - before;
        if (arrived < records)
        {
            throw new InvalidOperationException($"{arrived} records of {records} arrived.");
        }
    }

    public override void Dispose() => _scheduler.Dispose();

    protected ExecutionOptions Options => _options;

    /// <summary>Makes the channel between two subtasks.</summary>
    protected virtual (IChannelSender<Reading> Sender, IChannelReceiver<Reading> Receiver) Connect(int from, int to, Subtask producer, Subtask consumer)
    {
        var channel = new LocalChannel<Reading>(_options.ChannelCapacity, producer, consumer);
        return (channel, channel);
    }

    /// <summary>All channels are made.</summary>
    protected virtual void Connected()
    {
    }

    /// <summary>All records have arrived.</summary>
    protected virtual void Disconnect()
    {
    }

    private Subtask NewSubtask(SubtaskId id, EndOfAll end, Func<Subtask, OperatorChain> build) =>
        new(id, $"exchange {id.Vertex}-{id.Index}", _scheduler, ActorPlacement.Shared, _options, end, build);

    private OperatorChain Produce(Subtask subtask, long records, IChannelSender<Reading>[] channels)
    {
        var partitioner = new HashPartitioner<Reading, long>(r => r.Key, StableHashers.Get<long>(), _options.MaxParallelism, parallelism, "benchmark");
        var output = new ExchangeOutput<Reading>(partitioner, channels, subtask.Pressure, _options);
        return new OperatorChain([], [new FeedInput(_feeds[subtask.Id.Index], records, output)], [output]);
    }

    private OperatorChain Consume(Subtask subtask, IChannelReceiver<Reading>[] channels) =>
        new([], [new ChannelInput<Reading>(_counters[subtask.Id.Index], channels, subtask.Pressure, _options.BatchSize)], []);

    private static IEnumerable<T> Row<T>(T[,] channels, int row) =>
        Enumerable.Range(0, channels.GetLength(1)).Select(column => channels[row, column]);

    private static IEnumerable<T> Column<T>(T[,] channels, int column) =>
        Enumerable.Range(0, channels.GetLength(0)).Select(row => channels[row, column]);

    /// <summary>Feeds prepared batches.</summary>
    private sealed class FeedInput(Feed<Reading> feed, long records, IReceiver<Reading> output) : TaskInput
    {
        private long _left = records;

        public override InputStatus Poll()
        {
            if (_left <= 0)
            {
                output.Control(ControlElement.EndOfInput);
                return InputStatus.Ended;
            }

            _left -= Feed<Reading>.BatchSize;
            output.Receive(feed.NextBatch());
            return InputStatus.Progress;
        }
    }

    /// <summary>Is told when all subtasks have ended.</summary>
    private sealed class EndOfAll(int subtasks) : ISubtaskListener
    {
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = subtasks;

        public Task Completion => _completion.Task;

        public void SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error)
        {
            if (error is not null)
            {
                _completion.TrySetException(error);
            }
            else if (state == SubtaskState.Finished && Interlocked.Decrement(ref _left) == 0)
            {
                _completion.TrySetResult();
            }
        }
    }
}

/// <summary>The same work without an engine: each record is hashed and copied to where its key belongs, on one thread.</summary>
internal sealed class HandWrittenPartition : SynchronousPart
{
    private readonly Feed<Reading> _feed = new(HashExchange.Make, 16 * Feed<Reading>.BatchSize);
    private readonly Reading[][] _targets = [new Reading[Feed<Reading>.BatchSize], new Reading[Feed<Reading>.BatchSize]];
    private readonly int[] _counts = new int[2];

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Reading>.BatchSize)
        {
            foreach (ref readonly var record in _feed.NextSpan())
            {
                int target = (int)(HashMixing.Mix((ulong)record.Key) >> 63);
                _targets[target][_counts[target]++ & (Feed<Reading>.BatchSize - 1)] = record;
            }
        }
    }
}
