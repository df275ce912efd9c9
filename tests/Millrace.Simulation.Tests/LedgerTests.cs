using Millrace.Simulation.External;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Tests;

/// <summary>The external system sees what must not be.</summary>
public sealed class LedgerTests
{
    private readonly SimulatedScheduler _world = new(1);
    private readonly LedgerFaults _faults = new(1);
    private readonly Ledger<int> _ledger;

    public LedgerTests()
    {
        _ledger = new Ledger<int>(_world, _faults, new SimulationLog());
    }

    [Fact]
    public void Commit_OfAPreparedTransaction_IsVisibleOnce()
    {
        var writer = Writer(epoch: 1, restored: null);
        Prepare(writer, "a", checkpoint: 3, 1, 2);
        Assert.Empty(_ledger.CommittedBy("sink"));
        _ledger.Commit(new LedgerCommittable("a", 3));
        _ledger.Commit(new LedgerCommittable("a", 3));
        _ledger.CheckEnd();
        Assert.Equal([1, 2], _ledger.CommittedBy("sink"));
        Assert.Empty(_ledger.CommittedBy("another"));
        Assert.Empty(_ledger.Violations);
    }

    [Fact]
    public void Commit_OfADeadFuture_IsRefusedAndReported()
    {
        Prepare(Writer(epoch: 1, restored: null), "a", checkpoint: 3, 1);
        Prepare(Writer(epoch: 1, restored: null, subtask: 1), "b", checkpoint: 3, 1);
        Writer(epoch: 2, restored: 2);
        Assert.Throws<ConnectorException>(() => _ledger.Commit(new LedgerCommittable("a", 3)));
        Assert.Contains("not prepared", Assert.Single(_ledger.Violations), StringComparison.Ordinal);

        // Only a region was restarted: the other subtask's epoch is still its own.
        _ledger.Commit(new LedgerCommittable("b", 3));
        Assert.Single(_ledger.Violations);
    }

    [Fact]
    public void Commit_OfWhatTheRestoredCheckpointHolds_IsRight()
    {
        Prepare(Writer(epoch: 1, restored: null), "a", checkpoint: 3, 1);
        Writer(epoch: 2, restored: 3);
        _ledger.Commit(new LedgerCommittable("a", 3));
        Assert.Empty(_ledger.Violations);
        Assert.Equal([1], _ledger.CommittedBy("sink"));
    }

    [Fact]
    public void Commit_OfWhatNobodyPrepared_IsReported()
    {
        var writer = Writer(epoch: 1, restored: null);
        _ledger.Write(writer, "a", [1]);
        Assert.Throws<ConnectorException>(() => _ledger.Commit(new LedgerCommittable("a", 1)));
        Assert.Throws<ConnectorException>(() => _ledger.Commit(new LedgerCommittable("b", 1)));
        Assert.Equal(2, _ledger.Violations.Count);
    }

    [Fact]
    public void Register_BehindWhatIsCommitted_IsReported()
    {
        Prepare(Writer(epoch: 1, restored: null), "a", checkpoint: 3, 1);
        _ledger.Commit(new LedgerCommittable("a", 3));
        Writer(epoch: 2, restored: 2);
        Assert.Contains("committed data is lost", Assert.Single(_ledger.Violations), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_OfAZombie_IsRefusedWithoutEffect()
    {
        var zombie = Writer(epoch: 1, restored: null);
        Prepare(zombie, "a", checkpoint: 1, 1);
        _ledger.Write(zombie, "b", [2]);
        Writer(epoch: 2, restored: 1);
        Assert.Throws<ConnectorException>(() => _ledger.Write(zombie, "b", [3]));
        Assert.Throws<ConnectorException>(() => _ledger.Prepare(zombie, "b", 2));
        Assert.Equal(2, _ledger.Fenced);
        Assert.Equal([LedgerState.Prepared, LedgerState.Aborted], _ledger.Transactions.Select(transaction => transaction.State));
        Assert.Empty(_ledger.Violations);
    }

    [Theory]
    [InlineData(4, 2)]
    [InlineData(2, 4)]
    [InlineData(3, 1)]
    [InlineData(1, 3)]
    public void Register_AtAnotherParallelism_LeavesNothingOfTheOldSubtasks(int before, int after)
    {
        for (int subtask = 0; subtask < before; subtask++)
        {
            Prepare(Writer(epoch: 1, restored: null, subtask, before), $"{subtask}", checkpoint: 9, subtask);
        }

        for (int subtask = 0; subtask < after; subtask++)
        {
            Writer(epoch: 2, restored: 8, subtask, after);
        }

        Assert.All(_ledger.Transactions, transaction => Assert.Equal(LedgerState.Aborted, transaction.State));
    }

    [Fact]
    public void CheckEnd_WithAPreparedTransaction_ReportsIt()
    {
        Prepare(Writer(epoch: 1, restored: null), "a", checkpoint: 3, 1);
        _ledger.CheckEnd();
        Assert.Contains("nobody has committed", Assert.Single(_ledger.Violations), StringComparison.Ordinal);
    }

    [Fact]
    public void RequestAsync_OfAProcessThatDies_ArrivesAllTheSame_AndIsNeverAnswered()
    {
        _faults.Immediate = 0;
        var process = _world.StartProcess("writer");
        bool arrived = false;
        var answer = _ledger.RequestAsync(process.TimeProvider, () => arrived = true, CancellationToken.None).AsTask();
        process.Kill();
        _world.RunUntil(() => arrived);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(answer.IsCompleted);
    }

    [Fact]
    public void RequestAsync_ThatFails_HasHappenedOrNot()
    {
        _faults.Immediate = 0;
        _faults.FailureRate = 1;
        var outcomes = new List<bool>();
        for (int i = 0; i < 50; i++)
        {
            bool arrived = false;
            var answer = _ledger.RequestAsync(_world.Time, () => arrived = true, CancellationToken.None).AsTask();
            _world.RunUntil(() => answer.IsCompleted);
            Assert.True(Assert.IsType<ConnectorException>(answer.Exception?.InnerException).IsTransient);
            outcomes.Add(arrived);
        }

        Assert.InRange(outcomes.Count(arrived => arrived), 10, 40);
    }

    [Fact]
    public void Rewind_UndoesWhatCameBehindTheSavepoint_AndLosesWhatIsUnderWay()
    {
        var writer = Writer(epoch: 1, restored: null);
        Prepare(writer, "a", checkpoint: 1, 1);
        Prepare(writer, "b", checkpoint: 2, 2);
        _ledger.Commit(new LedgerCommittable("a", 1));
        var backup = _ledger.BackUp(2);

        // The job failed before a checkpoint came, and went another way.
        Prepare(Writer(epoch: 2, restored: 1), "c", checkpoint: 5, 3);
        _ledger.Commit(new LedgerCommittable("c", 5));
        Assert.Equal([1, 3], _ledger.CommittedBy("sink"));
        _faults.Immediate = 0;
        bool arrived = false;
        _ = _ledger.RequestAsync(_world.Time, () => arrived = true, CancellationToken.None);

        _ledger.Rewind(backup);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        Writer(epoch: 3, restored: 2);
        _ledger.Commit(new LedgerCommittable("b", 2));
        Assert.Equal([1, 2], _ledger.CommittedBy("sink"));
        Assert.Empty(_ledger.Violations);
        Assert.False(arrived);
    }

    private LedgerParty Writer(long epoch, long? restored, int subtask = 0, int parallelism = 2)
    {
        var party = new LedgerParty("sink", subtask, parallelism, epoch, restored);
        _ledger.Register(party);
        return party;
    }

    private void Prepare(LedgerParty writer, string id, long checkpoint, params int[] records)
    {
        _ledger.Write(writer, id, records);
        _ledger.Prepare(writer, id, checkpoint);
    }
}
