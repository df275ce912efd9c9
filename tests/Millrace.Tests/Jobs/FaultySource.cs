using Millrace.Connectors;

namespace Millrace.Tests.Jobs;

/// <summary>A split of a <see cref="FaultySource"/>.</summary>
public sealed record FaultySplit(string SplitId) : ISourceSplit;

/// <summary>Two readers of 20 records each, which ask for their split.</summary>
internal sealed class FaultySource(Probe probe) : Source<Item, FaultySplit, int>
{
    public override Boundedness Boundedness => Boundedness.Bounded;

    public override SplitEnumerator<FaultySplit, int> CreateEnumerator(SplitEnumeratorContext<FaultySplit> context, int restored, bool isRestored)
    {
        probe.At(FaultPoint.CreateEnumerator);
        var enumerator = new Enumerator(probe, context);
        probe.Open(enumerator);
        return enumerator;
    }

    public override SourceReader<Item, FaultySplit> CreateReader(SourceReaderContext context)
    {
        probe.At(FaultPoint.CreateReader);
        var reader = new Reader(probe, context);
        probe.Open(reader);
        return reader;
    }

    private sealed class Enumerator(Probe probe, SplitEnumeratorContext<FaultySplit> context) : SplitEnumerator<FaultySplit, int>
    {
        public override void Start() => probe.At(FaultPoint.EnumeratorStart);

        public override void AddReader(int subtask) => probe.At(FaultPoint.EnumeratorAddReader);

        public override void HandleSplitRequest(int subtask)
        {
            probe.At(FaultPoint.EnumeratorSplitRequest);
            context.Assign(new FaultySplit($"{subtask}"), subtask);
            context.NoMoreSplits(subtask);
        }

        public override void AddSplitsBack(IReadOnlyList<FaultySplit> splits, int subtask)
        {
        }

        public override int Snapshot(long checkpointId) => 0;

        public override void Close()
        {
            probe.Close(this);
            probe.At(FaultPoint.EnumeratorClose);
        }
    }

    private sealed class Reader(Probe probe, SourceReaderContext context) : SourceReader<Item, FaultySplit>
    {
        private bool _started;
        private bool _noMore;
        private int _next;

        public override void Start()
        {
            probe.At(FaultPoint.ReaderStart);
            context.RequestSplit();
        }

        public override void AddSplits(IReadOnlyList<FaultySplit> splits)
        {
            probe.At(FaultPoint.ReaderAddSplits);
            _started = true;
        }

        public override void NoMoreSplits() => _noMore = true;

        public override ReadStatus Read(ReaderOutput<Item> output, int maxRecords)
        {
            if (!_started)
            {
                return ReadStatus.NothingAvailable;
            }

            if (_next < 20)
            {
                output.Collect(new Item(_next % 5, _next * 2));
                if (_next++ == 10)
                {
                    probe.At(FaultPoint.ReaderRead);
                }

                return ReadStatus.MoreAvailable;
            }

            return _noMore ? ReadStatus.EndOfInput : ReadStatus.NothingAvailable;
        }

        public override IReadOnlyList<FaultySplit> Snapshot(long checkpointId) => [];

        public override void Close()
        {
            probe.Close(this);
            probe.At(FaultPoint.ReaderClose);
        }
    }
}
