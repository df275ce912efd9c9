using Millrace.Connectors;
using Millrace.Testing;

namespace Millrace.Architecture.Tests.Snippets;

// The code of docs/guides/write-a-connector.md.
public interface IPages
{
    int Count { get; }

    IReadOnlyList<string> Read(int page);
}

/// <summary>A page, and how far it is read: what a checkpoint has of it.</summary>
public sealed record PageSplit(int Page, int NextRow) : ISourceSplit
{
    public string SplitId => $"page-{Page}";
}

public sealed class PagesSource(IPages pages) : Source<string, PageSplit, PageSplit[]>
{
    public override Boundedness Boundedness => Boundedness.Bounded;

    public override SplitEnumerator<PageSplit, PageSplit[]> CreateEnumerator(
        SplitEnumeratorContext<PageSplit> context, PageSplit[]? restored, bool isRestored) =>
        new PagesEnumerator(context, isRestored ? restored! : [.. Enumerable.Range(0, pages.Count).Select(page => new PageSplit(page, 0))]);

    public override SourceReader<string, PageSplit> CreateReader(SourceReaderContext context) => new PagesReader(context, pages);
}

internal sealed class PagesEnumerator(SplitEnumeratorContext<PageSplit> context, PageSplit[] splits) : SplitEnumerator<PageSplit, PageSplit[]>
{
    private readonly Queue<PageSplit> _unassigned = new(splits);

    public override void Start()
    {
    }

    public override void HandleSplitRequest(int subtask)
    {
        if (_unassigned.TryDequeue(out var split))
        {
            context.Assign(split, subtask);
        }
        else
        {
            context.NoMoreSplits(subtask);
        }
    }

    public override void AddSplitsBack(IReadOnlyList<PageSplit> splits, int subtask)
    {
        foreach (var split in splits)
        {
            _unassigned.Enqueue(split);
        }
    }

    public override PageSplit[] Snapshot(long checkpointId) => [.. _unassigned];
}

internal sealed class PagesReader(SourceReaderContext context, IPages pages) : SourceReader<string, PageSplit>
{
    private readonly Queue<PageSplit> _splits = new();
    private IReadOnlyList<string>? _rows;
    private int _next;
    private bool _isRequested;
    private bool _noMore;

    public override void AddSplits(IReadOnlyList<PageSplit> splits)
    {
        foreach (var split in splits)
        {
            _splits.Enqueue(split);
        }

        _isRequested = false;
        context.Wake();
    }

    public override void NoMoreSplits()
    {
        _noMore = true;
        context.Wake();
    }

    public override ReadStatus Read(ReaderOutput<string> output, int maxRecords)
    {
        if (!_splits.TryPeek(out var split))
        {
            if (!_noMore && !_isRequested)
            {
                _isRequested = true;
                context.RequestSplit();
            }

            return _noMore ? ReadStatus.EndOfInput : ReadStatus.NothingAvailable;
        }

        if (_rows is null)
        {
            _rows = pages.Read(split.Page);
            _next = split.NextRow;
        }

        var records = output.ForSplit(split.SplitId);
        for (int end = Math.Min(_rows.Count, _next + maxRecords); _next < end; _next++)
        {
            records.Collect(_rows[_next]);
        }

        if (_next == _rows.Count)
        {
            _rows = null;
            _splits.Dequeue();
            output.ReleaseSplit(split.SplitId);
        }

        return ReadStatus.MoreAvailable;
    }

    public override IReadOnlyList<PageSplit> Snapshot(long checkpointId) =>
        _rows is null ? [.. _splits] : [_splits.Peek() with { NextRow = _next }, .. _splits.Skip(1)];
}

public interface IShop
{
    /// <summary>Keeps rows under an id, where nobody sees them. Again with the same id replaces them.</summary>
    Task StageAsync(string id, IReadOnlyList<string> rows, CancellationToken cancellationToken);

    /// <summary>Shows the rows of an id. Does nothing when they are shown already.</summary>
    Task PublishAsync(string id, CancellationToken cancellationToken);
}

public sealed class ShopSink(IShop shop) : CommittingSink<string, string>
{
    public override CommittingSinkWriter<string, string> CreateWriter(SinkWriterContext context) => new ShopWriter(context, shop);

    public override Committer<string> CreateCommitter(SinkWriterContext context) => new ShopCommitter(shop);
}

internal sealed class ShopWriter(SinkWriterContext context, IShop shop) : CommittingSinkWriter<string, string>
{
    private readonly List<string> _rows = [];

    public override ValueTask WriteAsync(SinkBatch<string> batch, CancellationToken cancellationToken)
    {
        _rows.AddRange(batch.Values.ToArray());
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<IReadOnlyList<string>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
    {
        if (_rows.Count == 0)
        {
            return [];
        }

        // The attempt is part of the id: one that only seems dead must not replace what the next one has staged.
        string id = $"{context.JobId}/{context.OperatorUid}/{context.SubtaskIndex}/{context.Epoch}/{checkpointId}";
        await shop.StageAsync(id, [.. _rows], cancellationToken).ConfigureAwait(false);
        _rows.Clear();
        return [id];
    }
}

internal sealed class ShopCommitter(IShop shop) : Committer<string>
{
    public override async ValueTask CommitAsync(IReadOnlyList<string> committables, CancellationToken cancellationToken)
    {
        foreach (string id in committables)
        {
            await shop.PublishAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }
}

public sealed class WriteAConnector
{
    [Fact]
    public void The_source_conforms() => SourceConformance.Check(
        () => new PagesSource(new FakePages()), expected: Enumerable.Range(0, 60).Select(row => $"row {row}"));

    [Fact]
    public Task The_sink_conforms() => SinkConformance.CheckExactlyOnceAsync<string, string>(
        () =>
        {
            var shop = new FakeShop();
            return new SinkUnderTest<string>(() => new ShopSink(shop), () => shop.Rows);
        },
        record: number => $"row {number}",
        cancellationToken: TestContext.Current.CancellationToken);

    private sealed class FakePages : IPages
    {
        public int Count => 6;

        public IReadOnlyList<string> Read(int page) => [.. Enumerable.Range(page * 10, 10).Select(row => $"row {row}")];
    }

    private sealed class FakeShop : IShop
    {
        private readonly Dictionary<string, IReadOnlyList<string>> _staged = [];
        private readonly HashSet<string> _published = [];

        public IEnumerable<string> Rows => _published.SelectMany(id => _staged[id]);

        public Task StageAsync(string id, IReadOnlyList<string> rows, CancellationToken cancellationToken)
        {
            _staged[id] = rows;
            return Task.CompletedTask;
        }

        public Task PublishAsync(string id, CancellationToken cancellationToken)
        {
            _published.Add(id);
            return Task.CompletedTask;
        }
    }
}

public readonly record struct Reading(double Value);

public static class Columns
{
    public static void Emit(SourceOutput<Reading> output, ReadOnlySpan<double> column, long firstTime)
    {
        while (!column.IsEmpty)
        {
            var records = output.GetSpan(column.Length, out var timestamps);
            for (int i = 0; i < records.Length; i++)
            {
                records[i] = new Reading(column[i]);
                timestamps[i] = firstTime++;
            }

            output.Advance(records.Length);
            column = column[records.Length..];
        }
    }
}
