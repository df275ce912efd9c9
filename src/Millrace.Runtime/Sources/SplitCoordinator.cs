using Millrace.Connectors;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Sources;

/// <summary>An actor that runs the enumerator of a source; there is one per source and job.</summary>
internal abstract class SplitCoordinator(ITaskScheduler scheduler, string description) : Actor(scheduler, ActorPlacement.Shared)
{
    public override string Description => description;

    /// <summary>Ends the actor and closes the enumerator.</summary>
    /// <param name="stopped">Called when it has ended, with the error of closing if there was one.</param>
    public abstract void Stop(Action<Exception?> stopped);
}

/// <summary>An actor that runs the enumerator of a source.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
/// <typeparam name="TState">The enumerator's state.</typeparam>
internal sealed class SplitCoordinator<T, TSplit, TState> : SplitCoordinator, ISplitCoordinator
    where TSplit : ISourceSplit
{
    private readonly Source<T, TSplit, TState> _source;
    private readonly ISplitReceiver<TSplit>?[] _readers;
    private readonly Action<Exception> _failed;
    private readonly Mailbox _mailbox;
    private SplitEnumerator<TSplit, TState>? _enumerator;
    private bool _broken;
    private bool _stopped;

    /// <param name="scheduler">Runs the actor.</param>
    /// <param name="name">The source's name.</param>
    /// <param name="source">The source.</param>
    /// <param name="parallelism">How many readers there are.</param>
    /// <param name="failed">Hears of an error of the enumerator, which fails the job.</param>
    public SplitCoordinator(ITaskScheduler scheduler, string name, Source<T, TSplit, TState> source, int parallelism, Action<Exception> failed)
        : base(scheduler, $"{name} enumerator")
    {
        _source = source;
        _readers = new ISplitReceiver<TSplit>?[parallelism];
        _failed = failed;
        _mailbox = new Mailbox(this);
    }

    /// <summary>Makes a reader's subtask known; called before it is opened.</summary>
    public void Register(int subtask, ISplitReceiver<TSplit> reader) => Volatile.Write(ref _readers[subtask], reader);

    public void ReaderStarted(int subtask) => Post(enumerator => enumerator.AddReader(subtask));

    public void RequestSplit(int subtask) => Post(enumerator => enumerator.HandleSplitRequest(subtask));

    public override void Stop(Action<Exception?> stopped) => _mailbox.Post(() =>
    {
        _stopped = true;
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

        try
        {
            action(Enumerator());
        }
        catch (Exception error)
        {
            _broken = true;
            _failed(Failure(error));
        }
    });

    private OperatorException Failure(Exception error) => new($"{Description} failed: {error.GetType().Name}: {error.Message}", error);

    private SplitEnumerator<TSplit, TState> Enumerator()
    {
        if (_enumerator is null)
        {
            _enumerator = _source.CreateEnumerator(new EnumeratorContext(this), default, isRestored: false);
            _enumerator.Start();
        }

        return _enumerator;
    }

    private sealed class EnumeratorContext(SplitCoordinator<T, TSplit, TState> owner) : SplitEnumeratorContext<TSplit>
    {
        public override int Parallelism => owner._readers.Length;

        public override TimeProvider TimeProvider => owner.Scheduler.TimeProvider;

        public override void Assign(TSplit split, int subtask) => Reader(subtask).AddSplit(split);

        public override void NoMoreSplits(int subtask) => Reader(subtask).NoMoreSplits();

        private ISplitReceiver<TSplit> Reader(int subtask) =>
            Volatile.Read(ref owner._readers[subtask]) ?? throw new InvalidOperationException($"Reader {subtask} has not started: assign splits in AddReader or HandleSplitRequest.");
    }
}
