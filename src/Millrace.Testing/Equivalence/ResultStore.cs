namespace Millrace.Testing;

/// <summary>
/// Where <see cref="ResultSink{T}"/> writes: it outlives the starts of a job, and sees to it that nothing is committed which must not be. Safe to use from any thread.
/// </summary>
internal sealed class ResultStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Transaction> _transactions = [];
    private readonly List<string> _violations = [];
    private readonly Dictionary<Type, object> _shared = [];
    private bool _failsNext;

    private enum State
    {
        Prepared,
        Committed,
        RolledBack,
    }

    /// <summary>What is read when the job has finished, by name.</summary>
    public Dictionary<string, Func<IEnumerable<string>>> AtEnd { get; } = [];

    /// <summary>The names of all sinks.</summary>
    public HashSet<string> Sinks { get; } = [];

    /// <summary>What must not happen, and did.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_lock)
            {
                return [.. _violations];
            }
        }
    }

    /// <summary>An object that all starts share.</summary>
    public T Shared<T>()
        where T : class, new()
    {
        lock (_lock)
        {
            if (!_shared.TryGetValue(typeof(T), out object? made))
            {
                _shared.Add(typeof(T), made = new T());
            }

            return (T)made;
        }
    }

    /// <summary>Has the next write fail, whichever it is.</summary>
    public void FailNextWrite() => Volatile.Write(ref _failsNext, true);

    /// <summary>Whether this write is to fail.</summary>
    public bool TakeFailure() => Interlocked.Exchange(ref _failsNext, false);

    /// <summary>A writer begins: what the attempts that it takes the place of have prepared behind its checkpoint belongs to nobody.</summary>
    public void Begin(ResultParty party)
    {
        lock (_lock)
        {
            foreach (var transaction in _transactions.Values.Where(transaction => party.IsHeirOf(transaction.Owner) && transaction.CheckpointId > (party.RestoredCheckpoint ?? 0)))
            {
                if (transaction.State == State.Committed)
                {
                    _violations.Add($"{transaction} is committed, but {party} begins before it");
                }

                transaction.State = State.RolledBack;
            }
        }
    }

    public void Prepare(string id, ResultParty party, long checkpointId, IReadOnlyList<string> rows)
    {
        lock (_lock)
        {
            if (!_transactions.TryAdd(id, new Transaction(id, party, checkpointId, rows)))
            {
                _violations.Add($"transaction {id} is prepared twice");
            }
        }
    }

    public void Commit(string id)
    {
        lock (_lock)
        {
            if (!_transactions.TryGetValue(id, out var transaction))
            {
                _violations.Add($"transaction {id} is committed, and was never prepared");
            }
            else if (transaction.State == State.RolledBack)
            {
                _violations.Add($"{transaction} is committed, and was rolled back");
                throw new ConnectorException("TEST01", $"{transaction} was rolled back.");
            }
            else
            {
                transaction.State = State.Committed;
            }
        }
    }

    /// <summary>All that is visible, when the job has finished: nothing may be left that is prepared and belongs to somebody.</summary>
    public JobResults Read()
    {
        lock (_lock)
        {
            foreach (var transaction in _transactions.Values.Where(transaction => transaction.State == State.Prepared))
            {
                _violations.Add($"{transaction} is prepared, and nobody has committed it");
            }

            var rows = Sinks.ToDictionary(name => name, IEnumerable<string> (name) =>
                [.. _transactions.Values.Where(transaction => transaction.State == State.Committed && transaction.Owner.Sink == name).SelectMany(transaction => transaction.Rows)]);
            return new JobResults(rows.Concat(AtEnd.Select(end => KeyValuePair.Create(end.Key, end.Value()))));
        }
    }

    private sealed class Transaction(string id, ResultParty owner, long checkpointId, IReadOnlyList<string> rows)
    {
        public ResultParty Owner => owner;

        public long CheckpointId => checkpointId;

        public IReadOnlyList<string> Rows => rows;

        public State State { get; set; }

        public override string ToString() => $"transaction {id} of {owner} for checkpoint {checkpointId}";
    }
}

/// <summary>A writer of results, as the store knows it.</summary>
internal sealed record ResultParty(string Sink, int Subtask, int Parallelism, long Epoch, long? RestoredCheckpoint)
{
    /// <summary>Whether a subtask of an earlier attempt, perhaps at another parallelism, is this one's to clean up after: each has exactly one heir.</summary>
    public bool IsHeirOf(ResultParty other) => other.Sink == Sink && other.Epoch < Epoch && other.Subtask % Parallelism == Subtask;

    public override string ToString() => $"'{Sink}' ({Subtask + 1}/{Parallelism}) of epoch {Epoch}";
}
