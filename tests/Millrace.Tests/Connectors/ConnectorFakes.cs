using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("millrace-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string[] Names() => [.. Directory.GetFiles(Path).Select(f => System.IO.Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal sealed class FakeEnumeratorContext<TSplit>(int parallelism) : SplitEnumeratorContext<TSplit>
    where TSplit : ISourceSplit
{
    public List<(TSplit Split, int Subtask)> Assigned { get; } = [];

    public HashSet<int> Ended { get; } = [];

    public Queue<Action> Due { get; } = [];

    public override int Parallelism => parallelism;

    public override TimeProvider TimeProvider { get; } = new FakeTimeProvider();

    public override void CallAfter(TimeSpan delay, Action action) => Due.Enqueue(action);

    public override void Assign(TSplit split, int subtask) => Assigned.Add((split, subtask));

    public override void NoMoreSplits(int subtask) => Ended.Add(subtask);
}

internal sealed class FakeReaderContext(int subtask, int parallelism, TimeProvider? time = null) : SourceReaderContext
{
    public Action? OnRequest { get; set; }

    public int Skipped { get; private set; }

    public int Wakes { get; private set; }

    public TimeSpan? WakeDelay { get; set; }

    public override int SubtaskIndex => subtask;

    public override int Parallelism => parallelism;

    public override string OperatorName => "source";

    public override TimeProvider TimeProvider { get; } = time ?? new FakeTimeProvider();

    public override CancellationToken CancellationToken => CancellationToken.None;

    public override ILogger Logger => NullLogger.Instance;

    public override void RequestSplit() => OnRequest?.Invoke();

    public override void Wake() => Wakes++;

    public override void WakeAfter(TimeSpan delay) => WakeDelay = delay;

    public override void CountSkipped() => Skipped++;
}

internal sealed class FakeOutput<T> : ReaderOutput<T>
{
    public List<T> Records { get; } = [];

    public List<(string Tag, object? Value)> Side { get; } = [];

    public List<string> Opened { get; } = [];

    public List<string> Released { get; } = [];

    public IEnumerable<MalformedRow> Malformed => Side.Select(s => s.Value).OfType<MalformedRow>();

    public override void Collect(T value, long timestamp = EventTime.None) => Records.Add(value);

    public override void Output<TSide>(OutputTag<TSide> tag, TSide value) => Side.Add((tag.Id, value));

    public override SourceOutput<T> ForSplit(string splitId)
    {
        Opened.Add(splitId);
        return this;
    }

    public override void ReleaseSplit(string splitId) => Released.Add(splitId);
}

/// <summary>Plays the engine: one enumerator, some readers, a record at a time in turn.</summary>
internal sealed class SourceRun<T, TSplit, TState>
    where TSplit : ISourceSplit
{
    private readonly FakeEnumeratorContext<TSplit> _enumeratorContext;
    private readonly SourceReader<T, TSplit>[] _readers;
    private readonly bool[] _ended;

    public SourceRun(Source<T, TSplit, TState> source, int parallelism = 1, TimeProvider? time = null, (TState State, List<TSplit>[] Readers)? restored = null)
    {
        _enumeratorContext = new FakeEnumeratorContext<TSplit>(parallelism);
        Enumerator = source.CreateEnumerator(_enumeratorContext, restored is { } r ? r.State : default, restored is not null);
        Contexts = [.. Enumerable.Range(0, parallelism).Select(i => new FakeReaderContext(i, parallelism, time))];
        Outputs = [.. Contexts.Select(_ => new FakeOutput<T>())];
        _readers = [.. Contexts.Select(source.CreateReader)];
        _ended = new bool[parallelism];
        Enumerator.Start();
        for (int i = 0; i < parallelism; i++)
        {
            int subtask = i;
            Contexts[i].OnRequest = () => Request(subtask);
            _readers[i].Start();
            if (restored is { } given && given.Readers.Length > i && given.Readers[i].Count > 0)
            {
                _readers[i].AddSplits(given.Readers[i]);
            }
        }
    }

    public SplitEnumerator<TSplit, TState> Enumerator { get; }

    public IReadOnlyList<SourceReader<T, TSplit>> Readers => _readers;

    public FakeReaderContext[] Contexts { get; }

    public FakeOutput<T>[] Outputs { get; }

    public List<T> Records => [.. Outputs.SelectMany(o => o.Records)];

    public bool Ended => _ended.All(e => e);

    public ReadStatus Read(int subtask, int maxRecords = 1)
    {
        var status = _readers[subtask].Read(Outputs[subtask], maxRecords);
        _ended[subtask] = status == ReadStatus.EndOfInput;
        return status;
    }

    /// <summary>Reads in turn until everything is read, or until so many calls were made.</summary>
    public SourceRun<T, TSplit, TState> Drain(int maxRecords = 1, int maxCalls = 1_000_000)
    {
        int calls = 0;
        while (!Ended && calls < maxCalls)
        {
            for (int i = 0; i < _readers.Length && calls < maxCalls; i++)
            {
                if (!_ended[i])
                {
                    Read(i, maxRecords);
                    calls++;
                }
            }
        }

        Assert.True(Ended || maxCalls < 1_000_000, "The source does not come to its end.");
        return this;
    }

    public (TState State, List<TSplit>[] Readers) Snapshot() => (Enumerator.Snapshot(1), [.. _readers.Select(r => r.Snapshot(1).ToList())]);

    /// <summary>The time has come for what the enumerator wants to do later.</summary>
    public void CallDue()
    {
        int before = _enumeratorContext.Assigned.Count;
        for (int due = _enumeratorContext.Due.Count; due > 0; due--)
        {
            _enumeratorContext.Due.Dequeue()();
        }

        HandOver(before);
    }

    /// <summary>A reader has failed, and its split goes back.</summary>
    public void Return(TSplit split, int subtask)
    {
        int before = _enumeratorContext.Assigned.Count;
        Enumerator.AddSplitsBack([split], subtask);
        HandOver(before);
    }

    public void Close()
    {
        foreach (var reader in _readers)
        {
            reader.Close();
        }

        Enumerator.Close();
    }

    private void HandOver(int assignedBefore)
    {
        foreach (var (split, target) in _enumeratorContext.Assigned.Skip(assignedBefore).ToList())
        {
            _readers[target].AddSplits([split]);
        }
    }

    private void Request(int subtask)
    {
        int before = _enumeratorContext.Assigned.Count;
        Enumerator.HandleSplitRequest(subtask);
        HandOver(before);
        if (_enumeratorContext.Ended.Contains(subtask))
        {
            _readers[subtask].NoMoreSplits();
        }
    }
}

internal static class Fakes
{
    public static SinkWriterContext SinkContext(int subtask = 0, int parallelism = 1, TimeProvider? time = null, bool checkpoints = false) =>
        new("job", "sink", "uid", subtask, parallelism, time ?? new FakeTimeProvider(), NullLogger.Instance) { CheckpointingEnabled = checkpoints };

    public static SinkBatch<T> Batch<T>(params T[] values) => new(values, Enumerable.Repeat(EventTime.None, values.Length).ToArray());

    public static SourceRun<T, FileSplit, FileEnumeratorState> Run<T>(this FileSource<T> source, int parallelism = 1) => new(source, parallelism);
}
