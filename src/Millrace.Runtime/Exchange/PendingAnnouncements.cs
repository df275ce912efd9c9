namespace Millrace.Runtime.Exchange;

/// <summary>
/// The barriers that have been announced to a consumer which has not heard of them yet. What stands behind one must not be taken before it has: it would be
/// processed in front of the snapshot that the announcement asks for, and again after a restore. Added by the producer, removed on the consumer's turn.
/// </summary>
internal sealed class PendingAnnouncements
{
    private readonly Lock _lock = new();
    private readonly Queue<long> _positions = new();
    private long _first = long.MaxValue;

    /// <summary>A barrier is announced; before anything behind it is sent.</summary>
    /// <param name="position">How many elements are before it.</param>
    public void Add(long position)
    {
        lock (_lock)
        {
            _positions.Enqueue(position);
            Volatile.Write(ref _first, _positions.Peek());
        }
    }

    /// <summary>The consumer hears of the oldest one.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _positions.Dequeue();
            Volatile.Write(ref _first, _positions.Count > 0 ? _positions.Peek() : long.MaxValue);
        }
    }

    /// <summary>Whether an element stands behind a barrier that the consumer has not heard of. Asked after the element has been seen.</summary>
    public bool IsBehind(long position) => position >= Volatile.Read(ref _first);
}
