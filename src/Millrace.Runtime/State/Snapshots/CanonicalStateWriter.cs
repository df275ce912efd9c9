using System.IO.Hashing;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Snapshots;

/// <summary>Writes a <see cref="CanonicalStateFile"/>: every part goes to the stream at once; only the index is kept, some twenty bytes a part.</summary>
/// <param name="stream">Where to; need not be able to seek. Stays open.</param>
/// <param name="maxParallelism">How many key groups the operator has.</param>
internal sealed class CanonicalStateWriter(Stream stream, int maxParallelism) : KeyedStateWriter
{
    private readonly List<CanonicalStateFile.State> _states = [];
    private bool _isCompleted;

    /// <summary>How many bytes have been written.</summary>
    public long Length { get; private set; }

    public override void BeginState(StateHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        ObjectDisposedException.ThrowIf(_isCompleted, this);
        _states.Add(new CanonicalStateFile.State(header, []));
    }

    public override void WriteChunk(int group, int count, ReadOnlySpan<byte> entries)
    {
        ObjectDisposedException.ThrowIf(_isCompleted, this);
        if (_states.Count == 0)
        {
            throw new InvalidOperationException($"A part of key group {group} came before its state: {nameof(BeginState)} comes first.");
        }

        var (header, parts) = _states[^1];
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)group, (uint)maxParallelism, nameof(group));
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (parts.Count > 0 && group < parts[^1].Group)
        {
            throw new ArgumentException($"State '{header.Name}': key group {group} came behind {parts[^1].Group}. Groups are written in ascending order.", nameof(group));
        }

        WriteFront();
        parts.Add(new CanonicalStateFile.Part(group, count, entries.Length, XxHash3.HashToUInt64(entries)));
        Write(entries);
    }

    /// <summary>Writes the index. Without it the file is not one.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_isCompleted, this);
        WriteFront();
        Write(CanonicalStateFile.WriteIndex(maxParallelism, _states));
        _isCompleted = true;
    }

    private void WriteFront()
    {
        if (Length == 0)
        {
            Write([.. CanonicalStateFile.Magic, CanonicalStateFile.Version]);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        Length += bytes.Length;
    }
}
