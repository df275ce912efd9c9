using System.Diagnostics;

namespace Millrace.Benchmarks.Parts;

/// <summary>Watches a subtask from inside its function: how many records it had, and how long it stood still. Written by the subtask, read by any thread.</summary>
internal sealed class StateProbe
{
    // A clock that is read for every record would be most of what is measured.
    private const int RecordsPerLook = 256;

    private long _records;
    private long _entries;
    private long _last;
    private long _longest;
    private long _opened;
    private long _first;
    private volatile bool _fails;

    /// <summary>How many records there were since the function was opened, to within a few hundred.</summary>
    public long Records => Volatile.Read(ref _records);

    /// <summary>How many entries were made by records.</summary>
    public long Entries => Volatile.Read(ref _entries);

    /// <summary>When the function was opened, in ticks of <see cref="Stopwatch"/>; 0 if it was not since <see cref="Reset"/>.</summary>
    public long OpenedAt => Volatile.Read(ref _opened);

    /// <summary>When the first record was there; 0 if none was.</summary>
    public long FirstAt => Volatile.Read(ref _first);

    /// <summary>Whether the function was opened since <see cref="Reset"/> and has had a record since.</summary>
    public bool IsAnew => OpenedAt is not 0 and var opened && FirstAt > opened;

    /// <summary>Whether the first record found its entry: the state was there.</summary>
    public bool HadState { get; private set; }

    /// <summary>The longest time between two looks, in milliseconds, since it was asked last.</summary>
    public double TakeLongest() => Interlocked.Exchange(ref _longest, 0) * 1000.0 / Stopwatch.Frequency;

    public void Reset()
    {
        Volatile.Write(ref _opened, 0);
        Volatile.Write(ref _first, 0);
    }

    /// <summary>Makes the function fail at its next look.</summary>
    public void Fail() => _fails = true;

    public void Opened()
    {
        _last = 0;
        Volatile.Write(ref _records, 0);
        Volatile.Write(ref _first, 0);
        Volatile.Write(ref _opened, Stopwatch.GetTimestamp());
    }

    /// <summary>Counts a record.</summary>
    /// <param name="isNew">Whether its entry is new.</param>
    /// <returns>Whether the record is one of the few that give a result.</returns>
    public bool Passes(bool isNew)
    {
        if (isNew)
        {
            _entries++;
        }

        if (_records++ % RecordsPerLook != 0)
        {
            return false;
        }

        long now = Stopwatch.GetTimestamp();
        if (_first == 0)
        {
            HadState = !isNew;
            Volatile.Write(ref _first, now);
        }
        else if (now - _last > Volatile.Read(ref _longest))
        {
            Volatile.Write(ref _longest, now - _last);
        }

        _last = now;
        if (_fails)
        {
            _fails = false;
            throw new InvalidOperationException("Asked to fail.");
        }

        return true;
    }
}
