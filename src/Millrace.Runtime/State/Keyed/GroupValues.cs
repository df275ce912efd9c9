using System.Buffers;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>
/// What an operator keeps for each of its key groups beside its keyed state: a few bytes a group, by name. It goes into every snapshot, into a backend's own
/// as a part of its metadata, so that backends need not know of it.
/// </summary>
/// <param name="range">The key groups that the subtask owns.</param>
internal sealed class GroupValues(KeyGroupRange range)
{
    private static readonly TypeSchema None = TypeSchema.Scalar("void");
    private readonly Dictionary<string, Values> _values = [];

    /// <summary>What has been asked for by now, with the schemas.</summary>
    public Dictionary<string, TypeSchema> Asked { get; } = [];

    /// <summary>What there is, with the schemas.</summary>
    public IEnumerable<(string Name, TypeSchema Schema)> Known => _values.Select(entry => (entry.Key, entry.Value.Schema));

    /// <summary>The bytes of a group; empty where there are none.</summary>
    /// <exception cref="StateIncompatibleException">They were written with another schema.</exception>
    public ReadOnlySpan<byte> Get(string name, TypeSchema schema, int group)
    {
        Asked[name] = schema;
        if (!_values.TryGetValue(name, out var values))
        {
            return [];
        }

        return values.Schema.Equals(schema)
            ? values.Bytes[group - range.Start]
            : throw new StateIncompatibleException(StateErrors.Incompatibility, $"Value '{name}' of key groups was written as {values.Schema}, and is {schema} now.");
    }

    /// <summary>Sets the bytes of a group.</summary>
    public void Set(string name, TypeSchema schema, int group, ReadOnlySpan<byte> bytes)
    {
        if (!_values.TryGetValue(name, out var values) || !values.Schema.Equals(schema))
        {
            _values[name] = values = new Values(schema, new byte[]?[range.Count]);
        }

        values.Bytes[group - range.Start] = bytes.ToArray();
    }

    /// <summary>Takes the values of owned groups out of a canonical snapshot.</summary>
    public void Restore(KeyedStateReader snapshot)
    {
        foreach (var state in snapshot.States.Where(state => state.Kind == KeyedStateKind.GroupValue))
        {
            foreach (var chunk in snapshot.ReadChunks(state, range))
            {
                Set(state.Name, state.Value, chunk.Group, chunk.Entries.Span);
            }
        }
    }

    /// <summary>Takes the values of owned groups out of the metadata that <see cref="Frozen.Wrap"/> has made.</summary>
    /// <returns>The backend's own metadata.</returns>
    /// <exception cref="MillraceException">The bytes are damaged.</exception>
    public ReadOnlyMemory<byte> Restore(ReadOnlyMemory<byte> metadata)
    {
        try
        {
            var input = new BinaryInput(metadata.Span);
            int states = input.ReadLength();
            for (int state = 0; state < states; state++)
            {
                string name = input.ReadString();
                var schema = SchemaFormat.Read(ref input);
                int groups = input.ReadLength();
                for (int i = 0; i < groups; i++)
                {
                    int group = checked((int)input.ReadVarUInt());
                    var bytes = input.ReadRaw(input.ReadLength());
                    if (range.Contains(group))
                    {
                        Set(name, schema, group, bytes);
                    }
                }
            }

            return metadata[input.Position..];
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or OverflowException)
        {
            throw StateErrors.Corrupt("the metadata of a native snapshot", exception.Message, exception);
        }
    }

    /// <summary>The values as they are now.</summary>
    public Frozen Freeze() => new(range.Start, [.. _values.Select(entry => (entry.Key, entry.Value.Schema, (byte[]?[])entry.Value.Bytes.Clone()))]);

    /// <summary>Values as they were at one moment.</summary>
    internal sealed class Frozen(int firstGroup, IReadOnlyList<(string Name, TypeSchema Schema, byte[]?[] Bytes)> states)
    {
        public void Write(KeyedStateWriter writer)
        {
            foreach (var (name, schema, bytes) in states)
            {
                writer.BeginState(new StateHeader(name, KeyedStateKind.GroupValue, None, None, schema));
                for (int index = 0; index < bytes.Length; index++)
                {
                    if (bytes[index] is { } value)
                    {
                        writer.WriteChunk(firstGroup + index, 1, value);
                    }
                }
            }
        }

        /// <summary>Puts the values in front of a backend's metadata.</summary>
        public byte[] Wrap(ReadOnlyMemory<byte> metadata)
        {
            var buffer = new ArrayBufferWriter<byte>();
            var output = new BinaryOutput(buffer);
            output.WriteVarUInt((ulong)states.Count);
            foreach (var (name, schema, bytes) in states)
            {
                output.WriteString(name);
                SchemaFormat.Write(ref output, schema);
                output.WriteVarUInt((ulong)bytes.Count(value => value is not null));
                for (int index = 0; index < bytes.Length; index++)
                {
                    if (bytes[index] is { } value)
                    {
                        output.WriteVarUInt((ulong)(firstGroup + index));
                        output.WriteVarUInt((ulong)value.Length);
                        output.WriteRaw(value);
                    }
                }
            }

            output.WriteRaw(metadata.Span);
            output.Flush();
            return buffer.WrittenSpan.ToArray();
        }
    }

    private sealed record Values(TypeSchema Schema, byte[]?[] Bytes);
}
