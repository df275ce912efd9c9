using System.Buffers;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Runtime.State.Operator;

/// <summary>What the backend sees of a list or a broadcast state, whatever its type.</summary>
internal interface IOperatorList
{
    OperatorStateIdentity Identity { get; }

    bool IsEmpty { get; }

    /// <summary>How elements are written.</summary>
    TypeSchema Schema { get; }

    /// <summary>Adds what was restored.</summary>
    /// <exception cref="StateIncompatibleException">It cannot be read as this state.</exception>
    void Load(OperatorStateSnapshot snapshot);

    OperatorStateSnapshot Snapshot();
}

/// <inheritdoc cref="OperatorListState{T}"/>
internal sealed class OperatorList<T>(OperatorStateIdentity identity, TypeSerializer<T> serializer) : OperatorListState<T>, IOperatorList
{
    private readonly List<T> _items = [];

    public OperatorStateIdentity Identity => identity;

    public bool IsEmpty => _items.Count == 0;

    public TypeSchema Schema => serializer.Schema;

    public override IReadOnlyList<T> Items => _items;

    public override void Add(T value)
    {
        ThrowIfNull(value);
        _items.Add(value);
    }

    public override void Update(IEnumerable<T> values)
    {
        ArgumentNullException.ThrowIfNull(values);

        // Taken out first: they may come from this list.
        T[] items = [.. values];
        Array.ForEach(items, ThrowIfNull);
        _items.Clear();
        _items.AddRange(items);
    }

    public void Load(OperatorStateSnapshot snapshot)
    {
        if (snapshot.Redistribution != identity.Redistribution)
        {
            throw StateErrors.RedistributionChanged(identity, snapshot.Redistribution);
        }

        TypeSerializer<T> reader;
        try
        {
            reader = serializer.ForReading(snapshot.Schema);
        }
        catch (StateIncompatibleException exception)
        {
            throw StateErrors.Incompatible(identity, exception);
        }

        for (int index = 0; index < snapshot.Items.Count; index++)
        {
            _items.Add(Read(reader, snapshot.Items[index].Span, index));
        }
    }

    public OperatorStateSnapshot Snapshot()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        int[] ends = new int[_items.Count];
        for (int index = 0; index < ends.Length; index++)
        {
            serializer.Write(ref output, _items[index]);
            ends[index] = checked((int)output.BytesWritten);
        }

        output.Flush();
        var bytes = buffer.WrittenMemory;
        var items = new ReadOnlyMemory<byte>[ends.Length];
        for (int index = 0; index < ends.Length; index++)
        {
            int start = index == 0 ? 0 : ends[index - 1];
            items[index] = bytes[start..ends[index]];
        }

        return new OperatorStateSnapshot(identity.Name, identity.Redistribution, serializer.Schema, items);
    }

    private T Read(TypeSerializer<T> reader, ReadOnlySpan<byte> bytes, int index)
    {
        try
        {
            var input = new BinaryInput(bytes);
            var value = reader.Read(ref input);
            return input.Remaining == 0 ? value : throw new InvalidDataException($"{input.Remaining} bytes are left behind it");
        }
        catch (Exception exception) when (exception is not (MillraceException or OutOfMemoryException))
        {
            // A serializer of the user's own may throw anything.
            throw StateErrors.Unreadable(identity, index, exception);
        }
    }

    // Now and not at the next checkpoint, which would fail far from the place of the mistake.
    private static void ThrowIfNull(T value)
    {
        if (!typeof(T).IsValueType && value is null)
        {
            throw new ArgumentNullException(nameof(value), "An element of an operator state must have a value.");
        }
    }
}
