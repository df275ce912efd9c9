using Millrace.Runtime.Checkpointing;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>Some key groups of one file.</summary>
/// <param name="Handle">Which of the operator's files.</param>
/// <param name="Groups">The key groups.</param>
internal readonly record struct KeyedRun(int Handle, KeyGroupRange Groups);

/// <summary>Cuts the keyed state of an operator into runs of key groups, each small enough to be held in memory and large enough to be worth a step of its own.</summary>
internal static class KeyedPlan
{
    /// <summary>A run is closed when it has so many bytes. A single key group may have more.</summary>
    private const long RunBytes = 16L << 20;

    /// <summary>The runs, in the order of key groups.</summary>
    /// <exception cref="MillraceException">None of the states is there.</exception>
    public static IReadOnlyList<KeyedRun> Of(SavepointFiles files, string uid, IReadOnlyCollection<string> states)
    {
        var handles = files.HandlesOf(uid);
        var runs = new List<KeyedRun>();
        var missing = new HashSet<string>(states, StringComparer.Ordinal);
        var known = new SortedSet<string>(StringComparer.Ordinal);
        for (int index = 0; index < handles.Count; index++)
        {
            using var snapshot = files.Open(uid, handles[index]);
            missing.ExceptWith(snapshot.States.Select(header => header.Name));
            known.UnionWith(snapshot.States.Select(header => header.Name));
            var sizes = snapshot.States.Where(header => states.Contains(header.Name)).SelectMany(snapshot.PartsOf)
                .GroupBy(part => part.Group).ToDictionary(group => group.Key, group => group.Sum(part => (long)part.Length));
            Cut(index, handles[index], sizes, runs);
        }

        // A function may ask for states that no key has used yet; with none of them there is nothing that it could be called for.
        return missing.Count < states.Count ? runs : throw StateProcessingErrors.NoState(uid, string.Join("', '", missing), known);
    }

    private static void Cut(int index, KeyedStateHandle handle, Dictionary<int, long> sizes, List<KeyedRun> runs)
    {
        int start = handle.KeyGroups.Start;
        long bytes = 0;
        for (int group = start; group < handle.KeyGroups.End; group++)
        {
            bytes += sizes.GetValueOrDefault(group);
            if (bytes >= RunBytes || group == handle.KeyGroups.End - 1)
            {
                if (bytes > 0)
                {
                    runs.Add(new KeyedRun(index, new KeyGroupRange(start, group + 1 - start)));
                }

                start = group + 1;
                bytes = 0;
            }
        }
    }
}
