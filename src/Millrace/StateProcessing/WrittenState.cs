using System.Buffers;
using Millrace.Runtime.State.Heap;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>Keyed state that is to be written.</summary>
internal abstract class WrittenState(StateHeader header)
{
    public StateHeader Header => header;

    /// <summary>Takes all entries and sorts them by key group.</summary>
    public abstract Task<KeyGroupSpill> GatherAsync(int maxParallelism, CancellationToken cancellationToken);

    /// <summary>The error of an entry that was given twice.</summary>
    public abstract MillraceException Twice(ReadOnlyMemory<byte> head);
}

/// <inheritdoc/>
/// <param name="uid">The operator, for messages.</param>
/// <param name="header">The state.</param>
/// <param name="codec">Writes entries.</param>
/// <param name="entries">The entries, in any order.</param>
/// <param name="convert">Makes namespace and value of an element. The number of the element is given with it.</param>
internal sealed class WrittenState<TKey, TNamespace, TValue, TEntry>(
    string uid,
    StateHeader header,
    HeapTableCodec<TKey, TNamespace, TValue> codec,
    IAsyncEnumerable<TEntry> entries,
    Func<TEntry, long, (TKey Key, TNamespace Namespace, TValue Value)> convert) : WrittenState(header)
{
    public override async Task<KeyGroupSpill> GatherAsync(int maxParallelism, CancellationToken cancellationToken)
    {
        var spill = new KeyGroupSpill(maxParallelism);
        try
        {
            var head = new ArrayBufferWriter<byte>();
            var value = new ArrayBufferWriter<byte>();
            long number = 0;
            await foreach (var entry in entries.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                Add(spill, maxParallelism, entry, ++number, head, value);
            }

            return spill;
        }
        catch
        {
            spill.Dispose();
            throw;
        }
    }

    public override MillraceException Twice(ReadOnlyMemory<byte> head)
    {
        var input = new BinaryInput(head.Span);
        return StateProcessingErrors.Twice(uid, Header.Name, $"key '{codec.Keys.Read(ref input)}'");
    }

    private void Add(KeyGroupSpill spill, int maxParallelism, TEntry entry, long number, ArrayBufferWriter<byte> head, ArrayBufferWriter<byte> value)
    {
        var (key, ns, content) = convert(entry, number);
        if (key is null)
        {
            throw StateProcessingErrors.Null(uid, Header.Name, "a key");
        }

        head.ResetWrittenCount();
        value.ResetWrittenCount();
        var output = new BinaryOutput(head);
        codec.Keys.Write(ref output, in key);
        codec.Namespaces.Write(ref output, in ns);
        output.Flush();
        output = new BinaryOutput(value);
        codec.Values.Write(ref output, in content);
        output.Flush();
        spill.Add(KeyGroup.Of(codec.KeyHasher.Hash(key), maxParallelism), head.WrittenSpan, value.WrittenSpan);
    }
}
