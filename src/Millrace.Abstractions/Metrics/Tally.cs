namespace Millrace.Metrics;

/// <summary>A number that only grows. Written by one subtask and read by anybody, so that publishing it is all that it costs; only where the functions of a subtask run on several threads is it added to atomically.</summary>
internal struct Tally(bool isShared)
{
    private long _value;

    public readonly long Value => Volatile.Read(in _value);

    public void Add(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (isShared)
        {
            Interlocked.Add(ref _value, count);
        }
        else
        {
            Volatile.Write(ref _value, _value + count);
        }
    }
}
