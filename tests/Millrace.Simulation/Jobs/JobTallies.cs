namespace Millrace.Simulation.Jobs;

/// <summary>
/// What functions with operator state have counted, told outside the engine: such state has no output of its own that would not depend on the schedule.
/// </summary>
internal sealed class JobTallies
{
    private readonly Dictionary<int, (int Run, int Parallelism, Dictionary<int, Func<(long Count, long Sum)>> Subtasks)> _stages = [];

    /// <summary>A new start of the job.</summary>
    public Run Begin(int run) => new(this, run);

    /// <summary>What the subtasks of a stage have counted together; <see langword="null"/> where it has never run.</summary>
    public (long Count, long Sum)? Of(int stage)
    {
        if (!_stages.TryGetValue(stage, out var last))
        {
            return null;
        }

        var parts = last.Subtasks.Where(subtask => subtask.Key < last.Parallelism).Select(subtask => subtask.Value()).ToList();
        return (parts.Sum(part => part.Count), parts.Sum(part => part.Sum));
    }

    private void Register(int run, int stage, int subtask, int parallelism, Func<(long Count, long Sum)> read)
    {
        // The last to open counts; one of an earlier start that only opens now is a zombie.
        var last = _stages.GetValueOrDefault(stage);
        if (last.Subtasks is null || last.Run < run)
        {
            _stages[stage] = last = (run, parallelism, []);
        }

        if (last.Run == run)
        {
            last.Subtasks[subtask] = read;
        }
    }

    /// <summary>The tallies of one start of the job.</summary>
    internal sealed class Run(JobTallies owner, int number)
    {
        public void Register(int stage, int subtask, int parallelism, Func<(long Count, long Sum)> read) => owner.Register(number, stage, subtask, parallelism, read);
    }
}
