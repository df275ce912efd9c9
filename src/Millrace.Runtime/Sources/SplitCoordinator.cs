using System.Buffers;
using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;
using Millrace.Serialization;

namespace Millrace.Runtime.Sources;

/// <summary>An actor that runs the enumerator of a source; there is one per source and job.</summary>
internal abstract class SplitCoordinator(ITaskScheduler scheduler, string description) : Actor(scheduler, ActorPlacement.Shared), ISplitCoordinator
{
    private Backlog _unassigned = Backlog.NotKnown;

    public override string Description => description;

    /// <summary>What is in the splits that no reader has, as the enumerator said last. Safe to read from any thread.</summary>
    public Backlog Unassigned
    {
        get => Volatile.Read(ref _unassigned);
        protected set => Volatile.Write(ref _unassigned, value);
    }

    /// <summary>Hears whether the source works off a backlog. Called from any thread.</summary>
    public Action<bool>? BacklogChanged { get; set; }

    /// <summary>How far the readers of all sources have come that wait for each other; set by whoever makes the coordinator, before it runs.</summary>
    public WatermarkAlignment Alignment { get; set; } = new();

    /// <summary>Ends the actor and closes the enumerator.</summary>
    /// <param name="stopped">Called when it has ended, with the error of closing if there was one.</param>
    public abstract void Stop(Action<Exception?> stopped);

    /// <summary>Writes the enumerator's state, and in the same turn begins the checkpoint at readers: what was assigned before belongs to it, nothing that is assigned later.</summary>
    /// <param name="barrier">The checkpoint.</param>
    /// <param name="readers">The subtasks where it begins.</param>
    /// <param name="taken">Called with the state, or with the error of taking it.</param>
    public abstract void Checkpoint(CheckpointBarrier barrier, IReadOnlyList<int> readers, Action<CoordinatorSnapshot?, Exception?> taken);

    /// <summary>Does something with readers in the enumerator's turn, behind the checkpoints that were begun before.</summary>
    /// <param name="action">Has to be safe on any thread, and must not throw.</param>
    public abstract void InTurn(Action action);

    /// <summary>A checkpoint is complete.</summary>
    public abstract void CheckpointCompleted(long checkpointId);

    public abstract void ReaderStarted(int subtask);

    public abstract void RequestSplit(int subtask);

    public abstract void ReportWatermark(int subtask, string group, long watermark);

    /// <summary>Makes a reader in another process known, before it has started.</summary>
    /// <param name="subtask">The subtask.</param>
    /// <param name="reader">Sends it what the enumerator says.</param>
    /// <param name="serializers">Gives the serializer of splits.</param>
    public abstract void Register(int subtask, IRemoteReader reader, ISerializerProvider serializers);

    /// <summary>A reader is made anew from a checkpoint: what it was given since goes back to the enumerator.</summary>
    public abstract void ResetReader(int subtask, long? restoredCheckpointId);
}

/// <summary>An actor that runs the enumerator of a source.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
/// <typeparam name="TState">The enumerator's state.</typeparam>
internal sealed class SplitCoordinator<T, TSplit, TState> : SplitCoordinator
    where TSplit : ISourceSplit
{
    private readonly Source<T, TSplit, TState> _source;
    private readonly ISplitReceiver<TSplit>?[] _readers;
    private readonly Action<Exception> _failed;
    private readonly Mailbox _mailbox;
    private readonly TypeSerializer<TState>? _serializer;
    private readonly CoordinatorSnapshot? _restored;

    // An enumerator may answer from any thread: what a reader was given, and which reader that is, changes together.
    private readonly Lock _gate = new();

    // Splits that readers were given, and the first checkpoint that they are in as state of their readers.
    private readonly List<(TSplit Split, int Subtask, long FirstCheckpoint)> _assigned = [];

    // What the enumerator has given to readers in its present turn, which they get together at its end; null between turns. Under the gate.
    private List<(TSplit Split, int Subtask)>? _turn;

    // Only touched in the actor's turn or under the gate.
    private readonly HashSet<ITimer> _timers = [];
    private SplitEnumerator<TSplit, TState>? _enumerator;
    private bool _broken;
    private bool _stopped;

    /// <param name="scheduler">Runs the actor.</param>
    /// <param name="name">The source's name.</param>
    /// <param name="source">The source.</param>
    /// <param name="parallelism">How many readers there are.</param>
    /// <param name="failed">Hears of an error of the enumerator, which fails the job.</param>
    /// <param name="serializer">Writes the enumerator's state; null where there are no checkpoints.</param>
    /// <param name="restored">The state that the enumerator begins with.</param>
    public SplitCoordinator(
        ITaskScheduler scheduler,
        string name,
        Source<T, TSplit, TState> source,
        int parallelism,
        Action<Exception> failed,
        TypeSerializer<TState>? serializer = null,
        CoordinatorSnapshot? restored = null)
        : base(scheduler, $"{name} enumerator")
    {
        _serializer = serializer;
        _restored = restored;
        _source = source;
        _readers = new ISplitReceiver<TSplit>?[parallelism];
        _failed = failed;
        _mailbox = new Mailbox(this);
    }

    /// <summary>Reads the state of an enumerator.</summary>
    /// <param name="restored">What was written.</param>
    /// <param name="serializer">Today's serializer.</param>
    /// <param name="description">The enumerator, for messages.</param>
    public static TState Read(CoordinatorSnapshot restored, TypeSerializer<TState> serializer, string description)
    {
        try
        {
            var input = new BinaryInput(restored.State.Span);
            return serializer.ForReading(restored.Schema).Read(ref input);
        }
        catch (StateIncompatibleException cause)
        {
            throw new StateIncompatibleException(cause.Code, $"The state of {description} cannot be restored: {cause.Message}", cause);
        }
        catch (Exception cause) when (cause is not (MillraceException or OutOfMemoryException))
        {
            throw new MillraceException(StateErrors.Corruption, $"The state of {description} cannot be read: {cause.Message}.", cause);
        }
    }

    /// <summary>Makes a reader's subtask known; called before it is opened.</summary>
    /// <remarks>
    /// In its turn, behind the reset of the reader before it: what the enumerator answers until then to requests of that one goes to that one, and comes back with the
    /// reset. Sent to the new reader it would come back too, and be read twice.
    /// </remarks>
    public void Register(int subtask, ISplitReceiver<TSplit> reader) => _mailbox.Post(() =>
    {
        lock (_gate)
        {
            (_readers[subtask] as ReaderToCome)?.HandOver(reader);
            _readers[subtask] = reader;
        }
    });

    public override void Register(int subtask, IRemoteReader reader, ISerializerProvider serializers) =>
        Register(subtask, new RemoteSplitSender<TSplit>(reader, _source.SplitSerializer ?? serializers.Get<TSplit>()));

    public override void ReaderStarted(int subtask) => Post(enumerator => enumerator.AddReader(subtask));

    public override void RequestSplit(int subtask) => Post(enumerator => enumerator.HandleSplitRequest(subtask));

    public override void ReportWatermark(int subtask, string group, long watermark) => _mailbox.Post(() =>
    {
        if (_stopped)
        {
            return;
        }

        long slowest = Alignment.Report(group, this, subtask, watermark);
        lock (_gate)
        {
            _readers[subtask]?.AlignTo(slowest);
        }
    });

    public override void Checkpoint(CheckpointBarrier barrier, IReadOnlyList<int> readers, Action<CoordinatorSnapshot?, Exception?> taken) => _mailbox.Post(() =>
    {
        try
        {
            taken(Snapshot(barrier.CheckpointId), null);
        }
        catch (Exception error)
        {
            taken(null, Failure(error));
            return;
        }

        lock (_gate)
        {
            for (int i = 0; i < _assigned.Count; i++)
            {
                var assigned = _assigned[i];
                _assigned[i] = assigned with { FirstCheckpoint = Math.Min(assigned.FirstCheckpoint, barrier.CheckpointId) };
            }

            foreach (int reader in readers)
            {
                _readers[reader]?.TriggerCheckpoint(barrier);
            }
        }
    });

    public override void InTurn(Action action) => _mailbox.Post(action);

    public override void CheckpointCompleted(long checkpointId) => _mailbox.Post(() =>
    {
        lock (_gate)
        {
            _assigned.RemoveAll(assigned => assigned.FirstCheckpoint <= checkpointId);
        }
    });

    public override void ResetReader(int subtask, long? restoredCheckpointId) => Post(enumerator =>
    {
        Alignment.Forget(this, subtask);
        List<TSplit> back;
        lock (_gate)
        {
            back = [.. _assigned.Where(assigned => IsLost(assigned)).Select(assigned => assigned.Split)];
            _assigned.RemoveAll(assigned => assigned.Subtask == subtask);
            _readers[subtask] = new ReaderToCome();
        }

        if (back.Count > 0)
        {
            enumerator.AddSplitsBack(back, subtask);
        }

        bool IsLost((TSplit Split, int Subtask, long FirstCheckpoint) assigned) =>
            assigned.Subtask == subtask && (restoredCheckpointId is not { } restored || assigned.FirstCheckpoint > restored);
    });

    public override void Stop(Action<Exception?> stopped) => _mailbox.Post(() =>
    {
        _stopped = true;
        Alignment.Forget(this);
        lock (_gate)
        {
            foreach (var timer in _timers)
            {
                timer.Dispose();
            }

            _timers.Clear();
        }

        try
        {
            _enumerator?.Close();
            stopped(null);
        }
        catch (Exception error)
        {
            stopped(Failure(error));
        }
    });

    protected override RunResult Run()
    {
        _mailbox.Drain();
        return _stopped ? RunResult.Done : RunResult.Wait;
    }

    /// <summary>Has the enumerator do something. One that has failed is left alone: it is closed, and nothing else.</summary>
    private void Post(Action<SplitEnumerator<TSplit, TState>> action) => _mailbox.Post(() =>
    {
        if (_broken || _stopped)
        {
            return;
        }

        lock (_gate)
        {
            _turn = [];
        }

        try
        {
            var enumerator = Enumerator();
            action(enumerator);
            Unassigned = Unassigned.With(enumerator.PendingRecords, enumerator.PendingBytes);
        }
        catch (Exception error)
        {
            _broken = true;
            _failed(Failure(error));
        }

        lock (_gate)
        {
            HandOut(static _ => true);
            _turn = null;
        }
    });

    /// <summary>Gives readers what they were assigned in this turn.</summary>
    private void HandOut(Predicate<int> which)
    {
        if (_turn is not { Count: > 0 } turn)
        {
            return;
        }

        foreach (var splits in turn.Where(item => which(item.Subtask)).GroupBy(item => item.Subtask))
        {
            _readers[splits.Key]!.AddSplits([.. splits.Select(item => item.Split)]);
        }

        turn.RemoveAll(item => which(item.Subtask));
    }

    private void TimeHasCome(ITimer timer, Action action)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
        }

        timer.Dispose();
        Post(_ => action());
    }

    private OperatorException Failure(Exception error) => new($"{Description} failed: {error.GetType().Name}: {error.Message}", error);

    private SplitEnumerator<TSplit, TState> Enumerator()
    {
        if (_enumerator is null)
        {
            _enumerator = _source.CreateEnumerator(new EnumeratorContext(this), Restored(), isRestored: _restored is not null);
            _enumerator.Start();
        }

        return _enumerator;
    }

    private TState? Restored()
    {
        if (_restored is null)
        {
            return default;
        }

        return Read(_restored, _serializer!, Description);
    }

    private CoordinatorSnapshot? Snapshot(long checkpointId)
    {
        if (_serializer is null)
        {
            return null;
        }

        // One that no reader has asked yet is made now: its state is what it would begin with.
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        var state = Enumerator().Snapshot(checkpointId);
        _serializer.Write(ref output, in state);
        output.Flush();
        return new CoordinatorSnapshot(_serializer.Schema, buffer.WrittenMemory);
    }

    private sealed class EnumeratorContext(SplitCoordinator<T, TSplit, TState> owner) : SplitEnumeratorContext<TSplit>
    {
        public override int Parallelism => owner._readers.Length;

        public override TimeProvider TimeProvider => owner.Scheduler.TimeProvider;

        public override void Assign(TSplit split, int subtask)
        {
            lock (owner._gate)
            {
                var reader = Reader(subtask);
                if (owner._turn is { } turn)
                {
                    turn.Add((split, subtask));
                }
                else
                {
                    reader.AddSplits([split]);
                }

                if (owner._serializer is not null)
                {
                    owner._assigned.Add((split, subtask, long.MaxValue));
                }
            }
        }

        public override void NoMoreSplits(int subtask)
        {
            lock (owner._gate)
            {
                var reader = Reader(subtask);
                owner.HandOut(other => other == subtask);
                reader.NoMoreSplits();
            }
        }

        public override void CallAfter(TimeSpan delay, Action action)
        {
            ArgumentNullException.ThrowIfNull(action);
            lock (owner._gate)
            {
                if (!owner._stopped)
                {
                    ITimer? timer = null;
                    timer = owner.Scheduler.TimeProvider.CreateTimer(_ => owner.TimeHasCome(timer!, action), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    owner._timers.Add(timer);
                    timer.Change(delay, Timeout.InfiniteTimeSpan);
                }
            }
        }

        public override void SetProcessingBacklog(bool isProcessingBacklog) => owner.BacklogChanged?.Invoke(isProcessingBacklog);

        private ISplitReceiver<TSplit> Reader(int subtask) =>
            owner._readers[subtask] ?? throw new InvalidOperationException($"Reader {subtask} has not started: assign splits in AddReader or HandleSplitRequest.");
    }

    /// <summary>Stands for a reader that is being made anew: keeps what is meant for it.</summary>
    private sealed class ReaderToCome : ISplitReceiver<TSplit>
    {
        private readonly List<TSplit> _splits = [];
        private bool _noMore;

        public void AddSplits(IReadOnlyList<TSplit> splits) => _splits.AddRange(splits);

        public void NoMoreSplits() => _noMore = true;

        public void AlignTo(long watermark)
        {
            // The reader asks itself when it is there.
        }

        public void TriggerCheckpoint(CheckpointBarrier barrier)
        {
            // No checkpoint is complete without the reader, and it is told of the next one itself.
        }

        public void HandOver(ISplitReceiver<TSplit> reader)
        {
            if (_splits.Count > 0)
            {
                reader.AddSplits(_splits);
            }

            if (_noMore)
            {
                reader.NoMoreSplits();
            }
        }
    }
}
