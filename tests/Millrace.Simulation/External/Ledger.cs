using Millrace.Testing.Simulation;

namespace Millrace.Simulation.External;

/// <summary>
/// A transactional database outside the engine, which outlives its processes, and keeps watch: over who writes, what is committed, and whether it may be.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="world">Carries messages to and fro.</param>
/// <param name="faults">Decides how it answers.</param>
/// <param name="log">What happens.</param>
internal sealed class Ledger<T>(SimulatedScheduler world, LedgerFaults faults, SimulationLog log)
{
    private readonly Dictionary<string, LedgerTransaction<T>> _transactions = [];
    private readonly List<LedgerParty> _registered = [];
    private readonly List<LedgerTransaction<T>> _committed = [];
    private readonly List<string> _violations = [];
    private readonly HashSet<string> _forgetful = [];
    private int _past;

    public LedgerFaults Faults => faults;

    /// <summary>What must not happen, and did.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>How many requests of dead attempts were refused: that they come is no fault, that they have an effect would be.</summary>
    public int Fenced { get; private set; }

    public IEnumerable<LedgerTransaction<T>> Transactions => _transactions.Values;

    /// <summary>
    /// Whether an attempt may begin from a checkpoint (or from nothing) although what was committed with a later one is: only where the world has damaged the later ones on purpose.
    /// </summary>
    public Func<long?, long, bool> MayForget { get; set; } = static (_, _) => false;

    /// <summary>The sinks that have begun before something that they had committed, so that it comes again.</summary>
    public IReadOnlySet<string> Forgetful => _forgetful;

    /// <summary>The committed records of a sink, in the order of commits.</summary>
    public IEnumerable<T> CommittedBy(string op) => _committed.Where(transaction => transaction.Owner.Operator == op).SelectMany(transaction => transaction.Records);

    /// <summary>A new writer begins: from here on those that it replaces are refused, and what nobody will ever commit is rolled back.</summary>
    public void Register(LedgerParty party)
    {
        RefuseZombie(party, "register");
        _registered.Add(party);
        foreach (var transaction in _transactions.Values)
        {
            if (!party.IsHeirOf(transaction.Owner) || !IsAfterRestore(party, transaction))
            {
                continue;
            }

            if (transaction.State == LedgerState.Committed)
            {
                if (transaction.CheckpointId is { } committed && MayForget(party.RestoredCheckpoint, committed))
                {
                    _forgetful.Add(party.Operator);
                }
                else
                {
                    Violation($"committed data is lost: {party} begins from checkpoint {party.RestoredCheckpoint?.ToString() ?? "none"}, but this is committed: {transaction}");
                }
            }
            else if (transaction.State != LedgerState.Aborted)
            {
                log.Write("ledger", $"rolls back {transaction}");
                transaction.State = LedgerState.Aborted;
            }
        }

        log.Write("ledger", $"{party} begins, from checkpoint {party.RestoredCheckpoint?.ToString() ?? "none"}");
    }

    public void Write(LedgerParty party, string id, IReadOnlyList<T> records)
    {
        RefuseZombie(party, "write");
        if (!_transactions.TryGetValue(id, out var transaction))
        {
            _transactions.Add(id, transaction = new LedgerTransaction<T>(id, party));
        }

        if (transaction.State != LedgerState.Open)
        {
            // One that its writer has rolled back may be overtaken by a write that the writer no longer waits for.
            if (transaction.State != LedgerState.Aborted)
            {
                Violation($"a write into {transaction}");
            }

            throw Refuse($"{transaction} is not open");
        }

        transaction.Records.AddRange(records);
    }

    public void Prepare(LedgerParty party, string id, long checkpointId)
    {
        RefuseZombie(party, "prepare");
        if (!_transactions.TryGetValue(id, out var transaction) || transaction.State != LedgerState.Open)
        {
            throw Refuse($"transaction {id} is not open");
        }

        transaction.State = LedgerState.Prepared;
        transaction.CheckpointId = checkpointId;
        log.Write("ledger", $"prepared {transaction}");
    }

    /// <summary>Commits, whoever asks: after a restore it may be another subtask. Again is no error.</summary>
    public void Commit(LedgerCommittable committable)
    {
        if (!_transactions.TryGetValue(committable.Id, out var transaction))
        {
            Violation($"a commit of transaction {committable.Id}, which nobody has begun");
            throw Refuse($"there is no transaction {committable.Id}");
        }

        switch (transaction.State)
        {
            case LedgerState.Committed:
                return;
            case LedgerState.Prepared when _registered.Find(party => party.IsHeirOf(transaction.Owner) && IsAfterRestore(party, transaction)) is { } heir:
                Violation($"a commit of a dead future: {transaction}, though {heir} begins before it");
                throw Refuse($"{transaction} belongs to nobody");
            case LedgerState.Prepared when transaction.CheckpointId != committable.CheckpointId:
                Violation($"a commit for checkpoint {committable.CheckpointId} of {transaction}");
                throw Refuse($"{transaction} was prepared for another checkpoint");
            case LedgerState.Prepared:
                transaction.State = LedgerState.Committed;
                _committed.Add(transaction);
                log.Write("ledger", $"committed {transaction}");
                return;
            default:
                Violation($"a commit of what is not prepared: {transaction}");
                throw Refuse($"{transaction} is not prepared");
        }
    }

    public void Abort(string id)
    {
        if (_transactions.TryGetValue(id, out var transaction) && transaction.State == LedgerState.Open)
        {
            log.Write("ledger", $"aborts {transaction}");
            transaction.State = LedgerState.Aborted;
        }
    }

    /// <summary>Remembers what it is when a savepoint is taken: what belongs to that or was prepared before.</summary>
    /// <param name="checkpointId">The savepoint's number.</param>
    public LedgerBackup<T> BackUp(long checkpointId) => new(
        checkpointId,
        [.. _transactions.Values.Where(transaction => transaction.CheckpointId <= checkpointId).Select(transaction => (transaction, transaction.State))],
        [.. _committed.Where(transaction => transaction.CheckpointId <= checkpointId)]);

    /// <summary>
    /// Becomes what it was when a savepoint was taken, as whoever returns to one does with what the job has written to. Nobody may live who has written since; what they have sent before
    /// is lost.
    /// </summary>
    public void Rewind(LedgerBackup<T> backup)
    {
        _past++;
        _registered.Clear();
        _transactions.Clear();
        foreach (var (transaction, state) in backup.Transactions)
        {
            transaction.State = state;
            _transactions.Add(transaction.Id, transaction);
        }

        _committed.Clear();
        _committed.AddRange(backup.Committed);
        log.Write("ledger", $"is as it was at savepoint {backup.CheckpointId}");
    }

    /// <summary>Looks for what is left when the job has finished.</summary>
    public void CheckEnd()
    {
        foreach (var transaction in _transactions.Values)
        {
            if (transaction.State == LedgerState.Prepared && !_registered.Exists(party => party.IsHeirOf(transaction.Owner) && IsAfterRestore(party, transaction)))
            {
                Violation($"a prepared transaction that nobody has committed: {transaction}");
            }
        }
    }

    /// <summary>Sends a request, and waits for the answer. The request arrives even if the process that sent it dies in the meantime.</summary>
    /// <param name="clock">The clock of the process that asks: no answer reaches a dead one.</param>
    /// <param name="action">What the external system is to do.</param>
    /// <param name="cancellationToken">The caller does not want to wait any longer.</param>
    public ValueTask RequestAsync(TimeProvider clock, Action action, CancellationToken cancellationToken)
    {
        var (requestLost, answerLost) = faults.Next();
        if (!requestLost && !answerLost && faults.IsImmediate())
        {
            action();
            return ValueTask.CompletedTask;
        }

        // Continuations run where the answer arrives: everything stays on the one thread of the simulation.
        var answer = new TaskCompletionSource();
        if (faults.GivesUpWhenCancelled())
        {
            cancellationToken.Register(() => answer.TrySetCanceled(cancellationToken));
        }

        int past = _past;
        After(world.Time, () =>
        {
            if (past != _past)
            {
                return;
            }

            Exception? failure = requestLost || answerLost ? Unavailable() : null;
            if (!requestLost)
            {
                try
                {
                    action();
                }
                catch (ConnectorException refused)
                {
                    failure ??= refused;
                }
            }

            After(clock, () => _ = failure is null ? answer.TrySetResult() : answer.TrySetException(failure));
        });
        return new ValueTask(answer.Task);
    }

    /// <summary>Fails a call that does not wait, if its turn has come.</summary>
    public void Connect()
    {
        if (faults.Next() != (false, false))
        {
            throw Unavailable();
        }
    }

    private static bool IsAfterRestore(LedgerParty party, LedgerTransaction<T> transaction) =>
        transaction.CheckpointId is not { } checkpoint || party.RestoredCheckpoint is not { } restored || checkpoint > restored;

    private static ConnectorException Unavailable() => new("SIM001", "The ledger does not answer.", isTransient: true);

    private static ConnectorException Refuse(string why) => new("SIM002", $"The ledger refuses: {why}.");

    private void After(TimeProvider clock, Action action) => _ = clock.CreateTimer(_ => action(), null, faults.NextDelay(), Timeout.InfiniteTimeSpan);

    private void RefuseZombie(LedgerParty party, string what)
    {
        if (_registered.Find(other => other.IsHeirOf(party)) is { } heir)
        {
            Fenced++;
            log.Write("ledger", $"refuses to {what} for {party}: there is {heir}");
            throw Refuse($"{party} is replaced by {heir}");
        }
    }

    private void Violation(string what)
    {
        log.Write("ledger", "VIOLATION: " + what);
        _violations.Add(what);
    }
}
