namespace Millrace.Runtime.State.Operator;

/// <summary>Deals the operator state of the subtasks of a checkpoint out to those that start from it.</summary>
internal static class OperatorStateRedistribution
{
    /// <summary>What each new subtask gets.</summary>
    /// <param name="old">What each subtask had, in the order of subtasks; empty for one that had nothing.</param>
    /// <param name="parallelism">How many subtasks there are now.</param>
    /// <returns>
    /// By new subtask. Copies of broadcast state are dealt out in turn where the parallelism is another. Split lists stay where they were at the same parallelism, as in Apache Flink; otherwise they are cut into contiguous blocks whose sizes
    /// differ by one at most, in the order of subtasks. Elements with different schemas are in several snapshots of one name.
    /// </returns>
    public static IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> Distribute(IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> old, int parallelism)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parallelism);
        var dealt = Enumerable.Range(0, parallelism).Select(_ => new List<OperatorStateSnapshot>()).ToArray();
        foreach (var state in old.SelectMany(states => states).GroupBy(state => (state.Name, state.Redistribution)))
        {
            OperatorStateSnapshot[] parts = [.. state];
            if (state.Key.Redistribution == Redistribution.Union)
            {
                var all = Merge(parts);
                Array.ForEach(dealt, subtask => subtask.AddRange(all));
            }
            else if (state.Key.Redistribution == Redistribution.Broadcast)
            {
                Copy(state.Key.Name, old, dealt);
            }
            else if (old.Count != parallelism)
            {
                Split(parts, dealt);
            }
        }

        if (old.Count == parallelism)
        {
            for (int subtask = 0; subtask < parallelism; subtask++)
            {
                dealt[subtask].AddRange(old[subtask].Where(state => state.Redistribution == Redistribution.Split));
            }
        }

        return dealt;
    }

    /// <summary>Everybody keeps the copy that he had; who had none, or is new, gets the next one in turn.</summary>
    private static void Copy(string name, IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> old, List<OperatorStateSnapshot>[] dealt)
    {
        var copies = old.Select(states => states.Where(state => state.Name == name && state.Redistribution == Redistribution.Broadcast).ToList()).ToList();
        var stored = copies.FindAll(copy => copy.Count > 0);
        for (int subtask = 0; subtask < dealt.Length; subtask++)
        {
            bool isOwn = old.Count == dealt.Length && copies[subtask].Count > 0;
            dealt[subtask].AddRange(isOwn ? copies[subtask] : stored[subtask % stored.Count]);
        }
    }

    private static void Split(OperatorStateSnapshot[] parts, List<OperatorStateSnapshot>[] dealt)
    {
        long total = parts.Sum(part => (long)part.Items.Count);
        for (int subtask = 0; subtask < dealt.Length; subtask++)
        {
            // As with Flink's round robin: the first subtasks have one more.
            long larger = Math.Min(subtask, total % dealt.Length);
            long start = (subtask * (total / dealt.Length)) + larger;
            long end = start + (total / dealt.Length) + (subtask < total % dealt.Length ? 1 : 0);
            dealt[subtask].AddRange(Merge(Slice(parts, start, end)));
        }
    }

    /// <summary>The elements from one position to another, over all parts.</summary>
    private static IEnumerable<OperatorStateSnapshot> Slice(OperatorStateSnapshot[] parts, long start, long end)
    {
        long position = 0;
        foreach (var part in parts)
        {
            int from = (int)Math.Clamp(start - position, 0, part.Items.Count);
            int to = (int)Math.Clamp(end - position, 0, part.Items.Count);
            if (from < to)
            {
                yield return part with { Items = [.. part.Items.Skip(from).Take(to - from)] };
            }

            position += part.Items.Count;
        }
    }

    /// <summary>Puts neighbours of the same schema together.</summary>
    private static List<OperatorStateSnapshot> Merge(IEnumerable<OperatorStateSnapshot> parts)
    {
        var merged = new List<OperatorStateSnapshot>();
        var items = new List<ReadOnlyMemory<byte>>();
        foreach (var part in parts.Where(part => part.Items.Count > 0))
        {
            if (merged.Count == 0 || !merged[^1].Schema.Equals(part.Schema))
            {
                items = [];
                merged.Add(part with { Items = items });
            }

            items.AddRange(part.Items);
        }

        return merged;
    }
}
