using System.Buffers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Connectors;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;

namespace Millrace.Testing;

/// <summary>What a checkpoint has of a source.</summary>
internal sealed record SourceRigState<TSplit, TState>(TState State, IReadOnlyList<TSplit> Splits);

/// <summary>Plays the engine for a source: one enumerator, some readers, each in its turn.</summary>
internal sealed class SourceRig<T, TSplit, TState> : IDisposable
    where TSplit : ISourceSplit
{
    private static readonly SerializerRegistry Serializers = new();
    private readonly Source<T, TSplit, TState> _source;
    private readonly SourceConformanceOptions _options;
    private readonly SplitEnumerator<TSplit, TState> _enumerator;
    private readonly Reader[] _readers;
    private readonly Queue<Action> _mails = new();
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _woken = new(initialState: false);

    public SourceRig(Source<T, TSplit, TState> source, int parallelism, SourceRigState<TSplit, TState>? restored, SourceConformanceOptions options)
    {
        _source = source;
        _options = options;
        _readers = new Reader[parallelism];
        _enumerator = source.CreateEnumerator(new EnumeratorContext(this), restored is null ? default : restored.State, restored is not null);
        _enumerator.Start();
        for (int i = 0; i < parallelism; i++)
        {
            Begin(i, [.. restored?.Splits.Where((_, index) => index % parallelism == i) ?? []]);
        }
    }

    /// <summary>What has been read and not taken back, by reader.</summary>
    public List<T> Records => [.. _readers.SelectMany(reader => reader.Records)];

    public void ReadToEnd(int batch)
    {
        while (Step(batch))
        {
        }
    }

    /// <summary>Reads a record at a time until there are so many, or the source has ended.</summary>
    public void ReadSome(int records)
    {
        while (_readers.Sum(reader => reader.Records.Count) < records && Step(1))
        {
        }
    }

    public SourceRigState<TSplit, TState> Snapshot()
    {
        var state = Again(_enumerator.Snapshot(1), null, "the enumerator's state");
        return new SourceRigState<TSplit, TState>(state, [.. _readers.SelectMany(reader => reader.Source.Snapshot(1)).Select(split => Again(split, _source.SplitSerializer, "a split"))]);
    }

    /// <summary>A reader fails before any checkpoint: what it read is taken back, and it begins anew.</summary>
    public void FailReader(int subtask)
    {
        DeliverMails();
        var failed = _readers[subtask];
        failed.Source.Close();
        failed.IsGone = true;
        _enumerator.AddSplitsBack(failed.Assigned, subtask);
        Begin(subtask, []);
    }

    public void MustHaveEnded()
    {
        foreach (var reader in _readers)
        {
            int before = reader.Records.Count;
            if (reader.Source.Read(reader, 10) != ReadStatus.EndOfInput || reader.Records.Count > before)
            {
                throw new ConformanceException($"Reader {reader.SubtaskIndex} has ended, and gives something else than {nameof(ReadStatus.EndOfInput)} when it is asked again.");
            }
        }
    }

    public void Dispose()
    {
        foreach (var reader in _readers)
        {
            reader.Source.Close();
            reader.IsGone = true;
        }

        _enumerator.Close();
    }

    private void Begin(int subtask, IReadOnlyList<TSplit> splits)
    {
        var reader = new Reader(this, subtask);
        _readers[subtask] = reader;
        reader.Source = _source.CreateReader(new ReaderContext(this, reader));
        if (splits.Count > 0)
        {
            reader.Source.AddSplits(splits);
        }

        reader.Source.Start();
        _enumerator.AddReader(subtask);
    }

    /// <summary>Has every reader read once.</summary>
    /// <returns>Whether there may be more.</returns>
    private bool Step(int batch)
    {
        DeliverMails();
        bool anyProgress = false;
        foreach (var reader in _readers.Where(reader => !reader.HasEnded))
        {
            int before = reader.Records.Count;
            reader.IsAwake = false;
            var status = reader.Source.Read(reader, batch);
            reader.HasEnded = status == ReadStatus.EndOfInput;
            anyProgress |= reader.HasEnded || status == ReadStatus.MoreAvailable || reader.Records.Count > before;
        }

        bool anyMail = DeliverMails();
        if (_readers.All(reader => reader.HasEnded))
        {
            return false;
        }

        if (!anyProgress && !anyMail && !_readers.Any(reader => reader.IsAwake) && !_woken.WaitOne(_options.Patience))
        {
            throw new ConformanceException(
                $"{string.Join(", ", _readers.Where(reader => !reader.HasEnded).Select(reader => $"reader {reader.SubtaskIndex}"))} said {nameof(ReadStatus.NothingAvailable)}, and within "
                + $"{_options.Patience} neither a split that it had asked for came nor did it call {nameof(SourceReaderContext.Wake)} or {nameof(SourceReaderContext.WakeAfter)}: the job would "
                + $"stand still. Call one of them when there is more, or answer every request with a split or {nameof(SplitEnumeratorContext<TSplit>.NoMoreSplits)}.");
        }

        return true;
    }

    private bool DeliverMails()
    {
        bool any = false;
        while (true)
        {
            Action mail;
            lock (_gate)
            {
                if (!_mails.TryDequeue(out mail!))
                {
                    return any;
                }
            }

            any = true;
            mail();
        }
    }

    private void Post(Action mail)
    {
        lock (_gate)
        {
            _mails.Enqueue(mail);
        }

        _woken.Set();
    }

    private static TValue Again<TValue>(TValue value, TypeSerializer<TValue>? serializer, string what)
    {
        if (serializer is null && Serializers.WhyNotSerializable<TValue>() is { } why)
        {
            throw new ConformanceException($"{what} ({typeof(TValue).Name}) cannot be serialized into a checkpoint: {why}");
        }

        serializer ??= Serializers.Get<TValue>();
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        serializer.Write(ref output, in value);
        output.Flush();
        var input = new BinaryInput(buffer.WrittenSpan);
        return serializer.Read(ref input);
    }

    private sealed class EnumeratorContext(SourceRig<T, TSplit, TState> rig) : SplitEnumeratorContext<TSplit>
    {
        public override int Parallelism => rig._readers.Length;

        public override TimeProvider TimeProvider => TimeProvider.System;

        public override void Assign(TSplit split, int subtask)
        {
            var reader = rig._readers[subtask] ?? throw new ConformanceException($"The enumerator gave a split to reader {subtask}, which has not started: assign in AddReader or HandleSplitRequest.");
            reader.Assigned.Add(split);
            rig.Post(() => reader.Do(source => source.AddSplits([split])));
        }

        public override void NoMoreSplits(int subtask)
        {
            var reader = rig._readers[subtask];
            rig.Post(() => reader.Do(static source => source.NoMoreSplits()));
        }

        public override void CallAfter(TimeSpan delay, Action action)
        {
            ITimer? timer = null;
            timer = TimeProvider.CreateTimer(_ => rig.Post(() => { timer?.Dispose(); action(); }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class ReaderContext(SourceRig<T, TSplit, TState> rig, Reader reader) : SourceReaderContext
    {
        public override int SubtaskIndex => reader.SubtaskIndex;

        public override int Parallelism => rig._readers.Length;

        public override string OperatorName => "source";

        public override TimeProvider TimeProvider => TimeProvider.System;

        public override CancellationToken CancellationToken => CancellationToken.None;

        public override ILogger Logger => NullLogger.Instance;

        public override void RequestSplit() => rig.Post(() =>
        {
            if (!reader.IsGone)
            {
                rig._enumerator.HandleSplitRequest(reader.SubtaskIndex);
            }
        });

        public override void Wake()
        {
            reader.IsAwake = true;
            rig._woken.Set();
        }

        public override void WakeAfter(TimeSpan delay)
        {
            ITimer? timer = null;
            timer = TimeProvider.CreateTimer(_ => { timer?.Dispose(); Wake(); }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(delay, Timeout.InfiniteTimeSpan);
        }

        public override void CountSkipped()
        {
        }
    }

    /// <summary>A reader and what it has emitted.</summary>
    private sealed class Reader(SourceRig<T, TSplit, TState> rig, int subtask) : ReaderOutput<T>
    {
        public int SubtaskIndex => subtask;

        public SourceReader<T, TSplit> Source { get; set; } = null!;

        public List<T> Records { get; } = [];

        public List<TSplit> Assigned { get; } = [];

        public bool HasEnded { get; set; }

        public bool IsGone { get; set; }

        public volatile bool IsAwake;

        public void Do(Action<SourceReader<T, TSplit>> action)
        {
            if (!IsGone)
            {
                action(Source);
            }
        }

        public override void Collect(T value, long timestamp = EventTime.None)
        {
            if (HasEnded || !ReferenceEquals(rig._readers[subtask], this))
            {
                throw new ConformanceException($"Reader {subtask} emitted a record when it had ended or failed.");
            }

            Records.Add(value);
        }

        public override void Output<TSide>(OutputTag<TSide> tag, TSide value)
        {
        }

        public override SourceOutput<T> ForSplit(string splitId) => this;

        public override void ReleaseSplit(string splitId)
        {
        }
    }
}
