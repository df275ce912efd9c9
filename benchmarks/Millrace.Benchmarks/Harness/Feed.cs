using Millrace.Runtime.Exchange;

namespace Millrace.Benchmarks.Harness;

/// <summary>
/// Prepared records that are dealt out batch by batch, again and again, so that what is measured does not include making them: a batch is filled
/// by a block copy.
/// </summary>
internal sealed class Feed<T>
{
    public const int BatchSize = 1024;
    private readonly T[] _records;
    private int _next;

    /// <param name="make">Makes the record of an index.</param>
    /// <param name="count">How many records to prepare: a multiple of the batch size.</param>
    public Feed(Func<int, T> make, int count = 64 * BatchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(count % BatchSize, 0, nameof(count));
        _records = new T[count];
        for (int i = 0; i < count; i++)
        {
            _records[i] = make(i);
        }
    }

    /// <summary>The next records, in place.</summary>
    public ReadOnlySpan<T> NextSpan()
    {
        var span = _records.AsSpan(_next, BatchSize);
        _next += BatchSize;
        if (_next == _records.Length)
        {
            _next = 0;
        }

        return span;
    }

    /// <summary>The next records, as a batch of the caller's own, without timestamps.</summary>
    public RecordBatch<T> NextBatch()
    {
        var batch = BatchPool<T>.Rent(BatchSize);
        NextSpan().CopyTo(batch.Values);
        batch.Count = BatchSize;
        return batch;
    }
}

/// <summary>Makes numbers that look random and are the same in every run.</summary>
internal static class Scrambled
{
    /// <summary>A number from 0 to <paramref name="bound"/> − 1 for an index: the finalizer of SplitMix64.</summary>
    public static long Below(long index, long bound)
    {
        ulong x = (ulong)index + 0x9E37_79B9_7F4A_7C15;
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        x ^= x >> 31;
        return (long)Math.BigMul(x, (ulong)bound, out _);
    }
}
