namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Fits a parallelism to what is dealt out in whole pieces. It never turns a step up into a step down or the other way, and where nothing fits it leaves the parallelism as it was computed.</summary>
internal static class GroupAlignment
{
    /// <param name="mode">What is looked for.</param>
    /// <param name="groups">How many key groups or partitions there are.</param>
    /// <param name="current">The parallelism now.</param>
    /// <param name="target">The parallelism that was computed; another one.</param>
    /// <param name="upper">The greatest that is allowed.</param>
    public static int Align(ParallelismAlignment mode, int groups, int current, int target, int upper)
    {
        if (mode == ParallelismAlignment.Off)
        {
            return target;
        }

        // Upwards always: less than was computed would be too little. A step down ends at the present parallelism at the latest.
        int end = Math.Min(groups, target > current ? upper : Math.Min(current, upper));
        for (int parallelism = target; parallelism <= end; parallelism++)
        {
            if (groups % parallelism == 0 || (mode == ParallelismAlignment.Balanced && groups / parallelism < groups / target))
            {
                return parallelism;
            }
        }

        return target;
    }

    /// <summary>What a parallelism means for the subtasks.</summary>
    public static string Describe(int groups, int parallelism) => groups % parallelism == 0
        ? $"each subtask has {Text.Number(groups / parallelism)} of {Text.Number(groups)} groups"
        : $"subtasks have {Text.Number(groups / parallelism)} or {Text.Number((groups / parallelism) + 1)} of {Text.Number(groups)} groups";
}
