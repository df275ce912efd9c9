using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Testing;

/// <summary>A split of a <see cref="ScriptedSource{T}"/>.</summary>
/// <param name="Index">Which of the scripts.</param>
/// <param name="Position">How many of its steps are done.</param>
public sealed record ScriptedSplit(int Index, int Position) : ISourceSplit
{
    /// <inheritdoc/>
    public string SplitId => Index.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What the enumerator of a <see cref="ScriptedSource{T}"/> remembers.</summary>
/// <param name="Unassigned">The scripts that no reader has.</param>
public sealed record ScriptedState(ScriptedSplit[] Unassigned);

/// <summary>
/// A source that does what scripts say: one split for each, dealt out to the readers in turn. Emits its own watermarks; use it without a watermark
/// strategy, or with one to have watermarks derived.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="scripts">The scripts; at least one.</param>
public sealed class ScriptedSource<T>(params Script<T>[] scripts) : Source<T, ScriptedSplit, ScriptedState>
{
    /// <inheritdoc/>
    public override Boundedness Boundedness => Boundedness.Bounded;

    /// <inheritdoc/>
    public override int MaxParallelism => Math.Max(1, scripts.Length);

    /// <inheritdoc/>
    public override SplitEnumerator<ScriptedSplit, ScriptedState> CreateEnumerator(SplitEnumeratorContext<ScriptedSplit> context, ScriptedState? restored, bool isRestored) =>
        new Enumerator(context, isRestored && restored is not null ? restored.Unassigned : [.. Enumerable.Range(0, scripts.Length).Select(script => new ScriptedSplit(script, 0))]);

    /// <inheritdoc/>
    public override SourceReader<T, ScriptedSplit> CreateReader(SourceReaderContext context) => new Reader(context, scripts);

    private sealed class Enumerator(SplitEnumeratorContext<ScriptedSplit> context, ScriptedSplit[] splits) : SplitEnumerator<ScriptedSplit, ScriptedState>
    {
        private readonly List<ScriptedSplit> _unassigned = [.. splits];

        public override void Start()
        {
        }

        public override void AddReader(int subtask)
        {
            foreach (var split in _unassigned.FindAll(split => split.Index % context.Parallelism == subtask))
            {
                _unassigned.Remove(split);
                context.Assign(split, subtask);
            }

            context.NoMoreSplits(subtask);
        }

        public override void HandleSplitRequest(int subtask)
        {
        }

        // The reader that had them is made anew, and says so: then it gets them again.
        public override void AddSplitsBack(IReadOnlyList<ScriptedSplit> splits, int subtask) => _unassigned.AddRange(splits);

        public override ScriptedState Snapshot(long checkpointId) => new([.. _unassigned]);
    }

    private sealed class Reader(SourceReaderContext context, Script<T>[] scripts) : SourceReader<T, ScriptedSplit>
    {
        private readonly List<Progress> _splits = [];
        private bool _noMore;

        // Unsigned: a script that goes on for very long wraps around instead of counting below zero.
        private uint _next;

        public override void AddSplits(IReadOnlyList<ScriptedSplit> splits) => _splits.AddRange(splits.Select(split => new Progress(split)));

        public override void NoMoreSplits() => _noMore = true;

        public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
        {
            var now = context.TimeProvider.GetUtcNow();
            for (int i = 0; i < _splits.Count; i++)
            {
                // One step at a time, split by split: the finest interleaving there is.
                var split = _splits[(int)(_next++ % (uint)_splits.Count)];
                if (split.IsPaused || (split.WaitsUntil is { } until && until > now))
                {
                    continue;
                }

                split.WaitsUntil = null;
                var steps = scripts[split.Index].Steps;
                if (split.Position == steps.Count)
                {
                    _splits.Remove(split);
                    output.ReleaseSplit(split.SplitId);
                    return End(now) ?? ReadStatus.MoreAvailable;
                }

                Do(steps[split.Position++], split, output.ForSplit(split.SplitId), now);
                return ReadStatus.MoreAvailable;
            }

            return End(now) ?? ReadStatus.NothingAvailable;
        }

        public override void PauseOrResumeSplits(IReadOnlyList<string> splitsToPause, IReadOnlyList<string> splitsToResume)
        {
            foreach (var split in _splits)
            {
                split.IsPaused = (split.IsPaused || splitsToPause.Contains(split.SplitId)) && !splitsToResume.Contains(split.SplitId);
            }
        }

        public override IReadOnlyList<ScriptedSplit> Snapshot(long checkpointId) => [.. _splits.Select(split => new ScriptedSplit(split.Index, split.Position))];

        private ReadStatus? End(DateTimeOffset now)
        {
            if (_splits.Count == 0)
            {
                return _noMore ? ReadStatus.EndOfInput : null;
            }

            if (_splits.Min(split => split.WaitsUntil) is { } next && _splits.TrueForAll(split => split.WaitsUntil > now))
            {
                if (next != DateTimeOffset.MaxValue)
                {
                    context.WakeAfter(next - now);
                }

                return ReadStatus.NothingAvailable;
            }

            return null;
        }

        private static void Do(Script<T>.Step step, Progress split, SourceOutput<T> output, DateTimeOffset now)
        {
            switch (step)
            {
                case Script<T>.Step.Emit emit:
                    output.Collect(emit.Value, emit.Timestamp);
                    break;
                case Script<T>.Step.EmitWatermark watermark:
                    output.EmitWatermark(watermark.Timestamp);
                    break;
                case Script<T>.Step.MarkIdle:
                    output.MarkIdle();
                    break;
                case Script<T>.Step.Pause pause:
                    split.WaitsUntil = pause.Time < TimeSpan.Zero ? DateTimeOffset.MaxValue : now + pause.Time;
                    break;
                case Script<T>.Step.Throw failure:
                    throw failure.Error;
            }
        }

        private sealed class Progress(ScriptedSplit split)
        {
            public int Index { get; } = split.Index;

            public string SplitId { get; } = split.SplitId;

            public int Position { get; set; } = split.Position;

            public DateTimeOffset? WaitsUntil { get; set; }

            public bool IsPaused { get; set; }
        }
    }
}
