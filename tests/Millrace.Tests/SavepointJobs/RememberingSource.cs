using Millrace.Connectors;

namespace Millrace.Tests.SavepointJobs;

/// <summary>A source whose enumerator remembers a value of any type, and whose reader never ends.</summary>
internal sealed class RememberingSource<T>(T state) : Source<long, RangeSplit, T>
{
    public override Boundedness Boundedness => Boundedness.Unbounded;

    public override SplitEnumerator<RangeSplit, T> CreateEnumerator(SplitEnumeratorContext<RangeSplit> context, T? restored, bool isRestored) => new Enumerator(state);

    public override SourceReader<long, RangeSplit> CreateReader(SourceReaderContext context) => new Reader();

    private sealed class Enumerator(T state) : SplitEnumerator<RangeSplit, T>
    {
        public override void Start()
        {
        }

        public override void HandleSplitRequest(int subtask)
        {
        }

        public override void AddSplitsBack(IReadOnlyList<RangeSplit> splits, int subtask)
        {
        }

        public override T Snapshot(long checkpointId) => state;
    }

    private sealed class Reader : SourceReader<long, RangeSplit>
    {
        private int _left = 10;

        public override void AddSplits(IReadOnlyList<RangeSplit> splits)
        {
        }

        public override void NoMoreSplits()
        {
        }

        public override ReadStatus Read(ReaderOutput<long> output, int maxRecords)
        {
            if (_left == 0)
            {
                return ReadStatus.NothingAvailable;
            }

            output.Collect(_left--);
            return ReadStatus.MoreAvailable;
        }

        public override IReadOnlyList<RangeSplit> Snapshot(long checkpointId) => [];
    }
}
