using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>What is made of the keyed state of an operator: key groups in, results out. Safe for use by several threads.</summary>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class KeyedReading<TOut>
{
    /// <summary>The names of the states that are read.</summary>
    public abstract IReadOnlyCollection<string> States { get; }

    /// <summary>Reads key groups. The results of the same groups come in the same order each time.</summary>
    public abstract IEnumerable<TOut> Read(CanonicalStateReader snapshot, KeyGroupRange range);
}

/// <summary>Every entry of one state, made into a result.</summary>
internal sealed class EntryReading<TKey, TNamespace, TValue, TOut>(
    StateIdentity identity, HeapTableCodec<TKey, TNamespace, TValue> codec, Func<TKey, TNamespace, TValue, TOut> select) : KeyedReading<TOut>
{
    public override IReadOnlyCollection<string> States { get; } = [identity.Name];

    public override IEnumerable<TOut> Read(CanonicalStateReader snapshot, KeyGroupRange range)
    {
        foreach (var header in snapshot.States.Where(header => header.Name == identity.Name))
        {
            var reader = codec.ForReading(identity, header);
            foreach (var chunk in snapshot.ReadChunks(header, range))
            {
                foreach (var result in Decode(reader, chunk))
                {
                    yield return result;
                }
            }
        }
    }

    private List<TOut> Decode(HeapTableCodec<TKey, TNamespace, TValue> reader, StateChunk chunk)
    {
        try
        {
            var results = new List<TOut>(chunk.Count);
            var input = new Millrace.Serialization.BinaryInput(chunk.Entries.Span);
            for (int entry = 0; entry < chunk.Count; entry++)
            {
                var key = reader.Keys.Read(ref input);
                var ns = reader.Namespaces.Read(ref input);
                var value = reader.Values.Read(ref input);
                results.Add(select(key, ns, value));
            }

            return input.Remaining == 0 ? results : throw new InvalidDataException($"{input.Remaining} bytes are left after the last of {chunk.Count} entries");
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw StateErrors.Unreadable(identity, chunk.Group, exception);
        }
    }
}
