using Millrace.Connectors;

namespace Millrace.Tests.Jobs;

/// <summary>An empty source whose enumerator does not return from Close before it is released.</summary>
internal sealed class HangingEnumeratorSource(ManualResetEventSlim release) : Source<long, FaultySplit, int>
{
    public override Boundedness Boundedness => Boundedness.Bounded;

    public override SplitEnumerator<FaultySplit, int> CreateEnumerator(SplitEnumeratorContext<FaultySplit> context, int restored, bool isRestored) =>
        new Enumerator(context, release);

    public override SourceReader<long, FaultySplit> CreateReader(SourceReaderContext context) => new Reader();

    private sealed class Enumerator(SplitEnumeratorContext<FaultySplit> context, ManualResetEventSlim release) : SplitEnumerator<FaultySplit, int>
    {
        public override void Start()
        {
        }

        public override void AddReader(int subtask) => context.NoMoreSplits(subtask);

        public override void HandleSplitRequest(int subtask)
        {
        }

        public override void AddSplitsBack(IReadOnlyList<FaultySplit> splits, int subtask)
        {
        }

        public override int Snapshot(long checkpointId) => 0;

        public override void Close()
        {
            release.Wait();
            GC.KeepAlive(this);
        }
    }

    private sealed class Reader : SourceReader<long, FaultySplit>
    {
        private bool _ended;

        public override void AddSplits(IReadOnlyList<FaultySplit> splits)
        {
        }

        public override void NoMoreSplits() => _ended = true;

        public override ReadStatus Read(ReaderOutput<long> output, int maxRecords) => _ended ? ReadStatus.EndOfInput : ReadStatus.NothingAvailable;

        public override IReadOnlyList<FaultySplit> Snapshot(long checkpointId) => [];
    }
}
