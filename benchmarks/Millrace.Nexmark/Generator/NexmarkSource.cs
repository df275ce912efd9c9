using Millrace.Connectors;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Generator;

/// <summary>
/// Emits the events of a generator, each lane of which is a split: so all subtasks live at the same time, however many there are, and together they emit the same events.
/// </summary>
internal sealed class NexmarkSource(NexmarkGenerator generator) : Source<NexmarkEvent, LaneSplit, LanesState>
{
    public override Boundedness Boundedness => Boundedness.Bounded;

    public override SplitEnumerator<LaneSplit, LanesState> CreateEnumerator(SplitEnumeratorContext<LaneSplit> context, LanesState? restored, bool isRestored) =>
        new Enumerator(context, isRestored && restored is not null ? restored.Unassigned : [.. Enumerable.Range(0, generator.Options.Lanes).Select(lane => new LaneSplit(lane, 0))]);

    public override SourceReader<NexmarkEvent, LaneSplit> CreateReader(SourceReaderContext context) => new LaneReader(context, generator);

    /// <summary>Deals the lanes out in turn, always in the same way.</summary>
    private sealed class Enumerator(SplitEnumeratorContext<LaneSplit> context, IReadOnlyList<LaneSplit> unassigned) : SplitEnumerator<LaneSplit, LanesState>
    {
        private readonly List<LaneSplit> _unassigned = [.. unassigned];

        public override void Start()
        {
        }

        public override void HandleSplitRequest(int subtask)
        {
            foreach (var split in _unassigned.Where(split => split.Lane % context.Parallelism == subtask).ToList())
            {
                _unassigned.Remove(split);
                context.Assign(split, subtask);
            }

            context.NoMoreSplits(subtask);
        }

        public override void AddSplitsBack(IReadOnlyList<LaneSplit> splits, int subtask) => _unassigned.AddRange(splits);

        public override LanesState Snapshot(long checkpointId) => new([.. _unassigned]);
    }
}
