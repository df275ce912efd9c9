using Millrace.Simulation.External;
using Millrace.State;

namespace Millrace.Simulation.Jobs;

/// <summary>
/// Passes everything on and counts it in operator state: all subtasks together must have counted everything once, however their lists were dealt out again.
/// </summary>
internal sealed record TallyStage(int Index, int Input, bool Union) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job)
    {
        var (tallies, stage, union) = (job.Tallies, Index, Union);
        return Tune(job, job[Input].Process(() => new Tally(tallies, stage, union)));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0];

    /// <summary>What one subtask has counted.</summary>
    public readonly record struct Part(long Count, long Sum);

    private sealed class Tally(JobTallies.Run tallies, int stage, bool union) : ProcessFunction<Item, Item>, ICheckpointedFunction
    {
        private OperatorListState<Part> _state = null!;
        private long _count;
        private long _sum;

        public override void Open(RuntimeContext context)
        {
            var descriptor = new ListStateDescriptor<Part>("parts");
            _state = union ? context.OperatorState.GetUnionListState(descriptor) : context.OperatorState.GetListState(descriptor);

            // Of a union list everybody gets everything; one of them goes on with it.
            if (!union || context.SubtaskIndex == 0)
            {
                _count = _state.Items.Sum(part => part.Count);
                _sum = _state.Items.Sum(part => part.Sum);
            }

            tallies.Register(stage, context.SubtaskIndex, context.Parallelism, () => (_count, _sum));
        }

        public override void ProcessElement(Item value, ProcessContext context, Collector<Item> output)
        {
            _count++;
            _sum += value.Value;
            output.Collect(value);
        }

        public void SnapshotState(long checkpointId)
        {
            // In several pieces, so that there is something to deal out.
            var half = new Part(_count / 2, _sum / 2);
            _state.Update([half, new Part(_count - half.Count, _sum - half.Sum)]);
        }
    }
}
