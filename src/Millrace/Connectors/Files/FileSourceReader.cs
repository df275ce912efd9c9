namespace Millrace.Connectors;

/// <summary>Reads files one after the other, asking for the next when one is done.</summary>
internal sealed partial class FileSourceReader<T>(SourceReaderContext context, FileFormat<T> format, FileSourceOptions options) : SourceReader<T, FileSplit>
{
    private readonly Queue<FileSplit> _waiting = new();
    private readonly Pace? _pace = options.RecordsPerSecond is { } rate ? new Pace(context.TimeProvider, rate / context.Parallelism) : null;
    private FileSplit? _current;
    private FileRecordReader<T>? _reader;
    private Stream? _stream;
    private SourceOutput<T>? _output;
    private bool _requested;
    private bool _noMoreSplits;
    private bool _hadNothing;

    public override void AddSplits(IReadOnlyList<FileSplit> splits)
    {
        foreach (var split in splits)
        {
            _waiting.Enqueue(split);
        }

        _requested = false;
        context.Wake();
    }

    public override void NoMoreSplits()
    {
        _noMoreSplits = true;
        context.Wake();
    }

    public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
    {
        if (_reader is null)
        {
            if (!_waiting.TryPeek(out var next))
            {
                return NothingWaiting();
            }

            if (_hadNothing)
            {
                _hadNothing = false;
                _pace?.Excuse();
            }

            Open(next);
            _lengths.Forget(_waiting.Dequeue());
            _current = next;
            _output = output.ForSplit(next.SplitId);
        }

        int granted = Grant(Math.Max(1, maxRecords));
        if (granted == 0)
        {
            return ReadStatus.NothingAvailable;
        }

        long before = _reader!.Records;
        bool hasMore = _reader.Read(_output!, granted);
        _pace?.GiveBack(granted - (_reader.Records - before));
        if (!hasMore)
        {
            string splitId = _current!.SplitId;
            CloseFile();
            output.ReleaseSplit(splitId);
        }

        return ReadStatus.MoreAvailable;
    }

    public override IReadOnlyList<FileSplit> Snapshot(long checkpointId) =>
        _current is null ? [.. _waiting] : [_current with { Position = _reader!.Position, Records = _reader.Records }, .. _waiting];

    public override void Close() => CloseFile();

    private int Grant(int wanted)
    {
        if (_pace is null)
        {
            return wanted;
        }

        int granted = (int)_pace.Take(wanted, out var untilNext);
        if (granted == 0)
        {
            context.WakeAfter(untilNext);
        }

        return granted;
    }

    private ReadStatus NothingWaiting()
    {
        _hadNothing = true;
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

    private void Open(FileSplit split)
    {
        try
        {
            if (format.IsRandomAccess)
            {
                _stream = new SourceFileStream(split.Path);
            }
            else
            {
                _stream = SourceFile.Open(split.Path, options.Compression);
                SourceFile.MoveTo(_stream, split.Path, split.Position);
            }

            _reader = format.CreateReader(new FileReadContext<T>(_stream, split, options, context));
        }
        catch (Exception error)
        {
            CloseFile();
            if (error is IOException or UnauthorizedAccessException)
            {
                throw SourceFileStream.CannotRead(split.Path, error);
            }

            throw;
        }
    }

    private void CloseFile()
    {
        RememberSizes();
        _reader?.Dispose();
        _stream?.Dispose();
        _reader = null;
        _stream = null;
        _current = null;
        _output = null;
    }
}
