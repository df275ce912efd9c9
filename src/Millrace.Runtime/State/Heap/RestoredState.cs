using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>A state that was restored and has not been asked for: its bytes, in the shape in which they were written.</summary>
internal sealed record RestoredState(StateHeader Header, IReadOnlyList<RestoredGroup> Groups)
{
    /// <summary>Reads those key groups of a state that are in a range.</summary>
    public static RestoredState Read(KeyedStateReader snapshot, StateHeader header, KeyGroupRange range)
    {
        var groups = new List<RestoredGroup>();
        foreach (var chunk in snapshot.ReadChunks(header, range))
        {
            if (groups.Count == 0 || groups[^1].Group != chunk.Group)
            {
                groups.Add(new RestoredGroup(chunk.Group, []));
            }

            groups[^1].Parts.Add((chunk.Count, chunk.Entries.ToArray()));
        }

        return new RestoredState(header, groups);
    }

    public void Write(KeyedStateWriter writer, Action throwIfAbandoned)
    {
        writer.BeginState(Header);
        foreach (var group in Groups)
        {
            foreach (var (count, bytes) in group.Parts)
            {
                throwIfAbandoned();
                writer.WriteChunk(group.Group, count, bytes);
            }
        }
    }
}

/// <summary>The entries of one key group of a <see cref="RestoredState"/>.</summary>
internal sealed record RestoredGroup(int Group, List<(int Count, byte[] Bytes)> Parts)
{
    public int Count => Parts.Sum(part => part.Count);
}
