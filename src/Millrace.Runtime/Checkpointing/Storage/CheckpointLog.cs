using System.Diagnostics;
using Millrace.Checkpointing;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>
/// What happened to the checkpoints of a job, in order, agreed on by all who ever take themselves for its coordinator. Not safe for use by several threads.
/// </summary>
/// <remarks>
/// <para>
/// Entries have consecutive numbers, and <see cref="CheckpointStorage.TryCreate"/> decides who gets the next. An entry has all that is true after it, so the
/// one with the highest number, the head, is the log; others are kept for a while for people to look at.
/// </para>
/// <para>
/// <b>Why nobody completes anything behind a successor's back.</b> Whoever is in charge appends to the number behind the head that it knows. If a successor has begun since, this
/// number was taken by the successor's entry, and one of three things happens. It is there still: the append fails. It was removed since (only numbers below the head are, in
/// ascending order, each after the one below): the append creates a stray file, but then there is a higher number and the one below is gone, which is looked for
/// after every creation and before anything is believed. Or the creation came first: then the successor has read it before it began.
/// </para>
/// <para>
/// Every attempt to create an entry has a token of its own. Where the outcome is not known the entry is read again: its token says whose it is. An attempt that nobody knows the outcome of may
/// take effect later; the next append finds it in its way, recognises the token, and counts it as done.
/// </para>
/// </remarks>
internal sealed class CheckpointLog(CheckpointStorage storage, CheckpointNames names, TimeProvider time, int kept = CheckpointLog.KeptEntries)
{
    private const int KeptEntries = 16;

    // Numbers of checkpoints are set aside in advance, so that two epochs never use the same, and so few that people do not wonder about gaps.
    public const int ReservedAtOnce = 10;

    // The storage has its own retries for what passes; these are for outcomes that are not known.
    private const int Attempts = 5;
    private const int BeginAttempts = 100;

    private readonly HashSet<Guid> _doubtful = [];
    private readonly Queue<long> _removable = new();
    private LogEntry? _head;

    private enum Placement
    {
        Done,
        Superseded,
    }

    /// <summary>Whether an epoch of this coordinator's has begun.</summary>
    public bool HasBegun => _head is not null;

    /// <summary>What is true as far as this coordinator knows.</summary>
    public LogState State => _head?.State ?? throw new InvalidOperationException("No epoch has begun.");

    /// <summary>Begins an epoch. What <see cref="State"/> says afterwards stays true until this coordinator changes it, or is superseded and hears of it.</summary>
    /// <param name="reserve">How many numbers of checkpoints to set aside.</param>
    /// <param name="isOver">Whether nothing is to begin behind an entry. Asked of the very entry that the epoch would come behind.</param>
    /// <returns>The entry behind which nothing is to begin, and nothing has; <see langword="null"/> where the epoch has begun.</returns>
    /// <exception cref="IOException">The storage does not work; it is not known whether the epoch began.</exception>
    /// <exception cref="MillraceException">The log is damaged.</exception>
    public LogEntry? Begin(int reserve, Func<LogEntry, bool>? isOver = null)
    {
        for (int attempt = 0; attempt < BeginAttempts; attempt++)
        {
            var (head, older) = FindHead();
            if (head is not null && isOver is not null && isOver(head))
            {
                return head;
            }

            var before = head?.State ?? LogState.Empty;
            var state = before with { Epoch = before.Epoch + 1, ReservedId = before.ReservedId + reserve, Ended = null };
            var earlier = new HashSet<Guid>(_doubtful);
            if (Place(head, LogEntryKind.EpochBegan, 0, state, out var placed) == Placement.Done && !earlier.Contains(placed.Token))
            {
                _head = placed;
                _doubtful.Clear();
                _removable.Clear();
                foreach (long sequence in older)
                {
                    _removable.Enqueue(sequence);
                }

                Prune();
                return null;
            }
        }

        throw new IOException($"No epoch of job '{names.JobFolder}' could begin in {storage.Description}: others keep beginning one at the same time. Start the job once.");
    }

    /// <summary>Looks at the log without beginning an epoch: whoever is in charge stays so. Nothing may be appended behind it.</summary>
    /// <returns>The head; <see langword="null"/> where there is no log.</returns>
    /// <exception cref="IOException">The storage does not work.</exception>
    /// <exception cref="MillraceException">The log is damaged.</exception>
    public LogEntry? Look() => _head = FindHead().Head;

    /// <summary>Appends an entry. When this returns, it is part of the log for everybody who begins later.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="subject">The number of the checkpoint that it is about, or 0.</param>
    /// <param name="change">What becomes of the state. Called again where an earlier entry of unknown outcome turns out to have been written.</param>
    /// <exception cref="CheckpointFencedException">Another epoch has begun. The entry may have become part of the log just before that.</exception>
    /// <exception cref="IOException">It is not known whether the entry was written.</exception>
    public void Append(LogEntryKind kind, long subject, Func<LogState, LogState> change)
    {
        long epoch = State.Epoch;
        while (true)
        {
            var before = _head!;
            var state = change(before.State);
            Debug.Assert(state.Epoch == epoch && state.ReservedId >= before.State.ReservedId, "an epoch does not change within itself, and numbers only grow");
            var earlier = new HashSet<Guid>(_doubtful);
            if (Place(before, kind, subject, state, out var placed) == Placement.Superseded)
            {
                throw Superseded();
            }

            _head = placed;
            _doubtful.Clear();
            _removable.Enqueue(before.Sequence);
            if (!earlier.Contains(placed.Token))
            {
                Prune();
                return;
            }
        }
    }

    /// <summary>Sets numbers aside, so that a checkpoint may have this one.</summary>
    /// <exception cref="CheckpointFencedException">Another epoch has begun.</exception>
    /// <exception cref="IOException">The storage does not work.</exception>
    public void Reserve(long id)
    {
        if (id > State.ReservedId)
        {
            Append(LogEntryKind.IdsReserved, 0, state => Reserve(state, id));
        }
    }

    /// <summary>The state with numbers behind this one set aside.</summary>
    public static LogState Reserve(LogState state, long id) => state with { ReservedId = Math.Max(state.ReservedId, id + ReservedAtOnce) };

    /// <summary>Makes sure that no other epoch had begun when this was called.</summary>
    /// <exception cref="CheckpointFencedException">One had.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public void Confirm()
    {
        // Entries of this coordinator's own whose outcome is not known do not supersede it, and there may be several: one of a checkpoint, and of every
        // epoch that it tried to begin since.
        foreach (long sequence in Sequences())
        {
            if (sequence > _head!.Sequence && !(Read(sequence) is { } entry && _doubtful.Contains(entry.Token)))
            {
                throw Superseded();
            }
        }
    }

    /// <summary>What to throw where another epoch has begun.</summary>
    public CheckpointFencedException Superseded() => CheckpointErrors.Superseded(names.JobFolder, State.Epoch, storage.Description);

    private Placement Place(LogEntry? before, LogEntryKind kind, long subject, LogState state, out LogEntry placed)
    {
        Exception? unknown = null;
        long sequence = (before?.Sequence ?? 0) + 1;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            placed = new LogEntry(sequence, Guid.NewGuid(), kind, time.GetUtcNow().ToUnixTimeMilliseconds(), subject, state);
            _doubtful.Add(placed.Token);
            try
            {
                if (!storage.TryCreate(names.LogEntry(sequence), LogFormat.Write(placed)))
                {
                    if (Read(sequence) is not { } there)
                    {
                        // Somebody wrote it and removed it since, or an attempt of unknown outcome is not visible yet.
                        continue;
                    }

                    placed = there;
                    if (!_doubtful.Contains(there.Token))
                    {
                        return Placement.Superseded;
                    }
                }

                return IsHead(before, sequence) ? Placement.Done : Placement.Superseded;
            }
            catch (Exception exception) when (StorageFailures.IsOfStorage(exception))
            {
                unknown = exception;
            }
        }

        throw new IOException(
            $"It is not known whether '{names.LogEntry(sequence)}' was written to {storage.Description}{(unknown is null ? "" : $": {unknown.Message}")} What belongs to it is left alone until the job restarts.", unknown);
    }

    // Whether what was created is the end of the log, and not a stray in a place from which an entry has been removed.
    private bool IsHead(LogEntry? before, long sequence)
    {
        if (before is not null && !IsStillThere(before))
        {
            return false;
        }

        return Sequences().LastOrDefault() == sequence;
    }

    // One that was damaged since it was written is there all the same, and what it said is known.
    private bool IsStillThere(LogEntry entry)
    {
        try
        {
            return Read(entry.Sequence)?.Token == entry.Token;
        }
        catch (MillraceException)
        {
            return true;
        }
    }

    private (LogEntry? Head, IReadOnlyList<long> Older) FindHead()
    {
        for (int attempt = 0; attempt < BeginAttempts; attempt++)
        {
            var sequences = Sequences();
            if (sequences.Count == 0)
            {
                return (null, []);
            }

            // One of this coordinator's own that was damaged since it was written: what it said is known.
            if (sequences[^1] == _head?.Sequence && IsStillThere(_head))
            {
                return (_head, sequences);
            }

            // It may have been removed since, where somebody else goes on quickly.
            if (Read(sequences[^1]) is { } head)
            {
                return (head, sequences);
            }
        }

        throw new IOException($"The log '{names.LogFolder}' in {storage.Description} changes faster than it can be read. Start the job once.");
    }

    private List<long> Sequences() =>
        [.. storage.List(names.LogFolder).Select(file => names.SequenceOf(file.Name)).Where(sequence => sequence > 0).Order()];

    private LogEntry? Read(long sequence)
    {
        string name = names.LogEntry(sequence);
        try
        {
            return LogFormat.Read(StoredBytes.ReadAll(storage, name), sequence, name);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    // In ascending order, one after the other: that an entry is gone says that all below it are.
    private void Prune()
    {
        try
        {
            while (_removable.TryPeek(out long sequence) && sequence <= _head!.Sequence - kept)
            {
                storage.Delete([names.LogEntry(sequence)]);
                _removable.Dequeue();
            }
        }
        catch (Exception exception) when (StorageFailures.IsOfStorage(exception))
        {
            // They are in nobody's way; the next entry tries again.
        }
    }
}
