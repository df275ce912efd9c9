using CsCheck;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Coordination;

namespace Millrace.Runtime.Tests.Checkpointing;

public sealed class CheckpointCoordinatorWalkTests
{
    private static readonly JobTopology[] Jobs =
    [
        Topologies.Alone(), Topologies.Joined, Topologies.TwoPipelines,
        new([Topologies.Source(2), Topologies.Source(1), Topologies.Task(2, new JobTaskInput(0, PartitioningKind.Forward), new JobTaskInput(1, PartitioningKind.Hash)), Topologies.Task(1, new JobTaskInput(2, PartitioningKind.Hash))]),
    ];

    private static readonly Func<CheckpointOptions>[] Options =
    [
        () => new() { Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(5) },
        () => new() { Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(3), MaxConcurrent = 3, TolerableFailures = 2, MinPause = TimeSpan.FromMilliseconds(300) },
        () => new() { Timeout = TimeSpan.FromSeconds(5), TolerableFailures = 1000, MaxConcurrent = 2 },
        () => new() { Interval = TimeSpan.FromMilliseconds(100), Timeout = TimeSpan.FromSeconds(2), IntervalDuringBacklog = TimeSpan.Zero, Unaligned = true, TolerableFailures = 1 },
    ];

    [Fact]
    public void Any_interleaving_of_facts_keeps_the_invariants() =>
        Gen.Select(Gen.Int[0, Jobs.Length - 1], Gen.Int[0, Options.Length - 1], Gen.Int[0, 99_999].Array[0, 200]).Sample(
            (job, options, choices) =>
            {
                var walk = new Walk(Jobs[job], Options[options]());
                foreach (int choice in choices)
                {
                    walk.Step(choice % 100, choice / 100);
                }

                walk.Drain();
            },
            iter: 20_000);

    /// <summary>A host and its subtasks, which may do anything at any time; checks what is decided.</summary>
    private sealed class Walk
    {
        private readonly JobTopology _topology;
        private readonly CheckpointOptions _options;
        private readonly CheckpointCoordinator _coordinator;
        private readonly HashSet<SubtaskId> _unfinished;
        private readonly HashSet<SubtaskId> _drained = [];
        private readonly HashSet<SubtaskId> _toFinish = [];
        private readonly Dictionary<long, Pending> _pending = [];
        private readonly List<(long Id, SubtaskId Subtask)> _late = [];
        private readonly HashSet<SnapshotRequest> _open = [];
        private readonly HashSet<long> _ended = [];
        private long _now = 5_000_000;
        private long _due = long.MaxValue;
        private long _lastId;
        private long? _storing;
        private bool _running;
        private bool _failed;
        private SnapshotRequest? _requested;
        private SnapshotRequest? _draining;
        private bool _isStopping;

        public Walk(JobTopology topology, CheckpointOptions options)
        {
            _topology = topology;
            _options = options;
            _coordinator = new CheckpointCoordinator(options, topology, 1);
            _unfinished = [.. topology.Subtasks];
            Check(_coordinator.Start(_now));
            _running = true;
        }

        public void Step(int kind, int pick)
        {
            _now += pick % 5 * 20;
            var subtask = _topology.Subtasks[pick % _topology.Subtasks.Count];
            switch (kind)
            {
                case < 25:
                    _now += pick % 2_000;
                    Check(_coordinator.Tick(_now));
                    break;
                case < 50:
                    Acknowledge(pick, subtask);
                    break;
                case < 54 when _pending.Count > 0:
                    long declined = _pending.Keys.ElementAt(pick % _pending.Count);
                    if (_unfinished.Contains(subtask) && !_pending[declined].Acknowledged.Contains(subtask))
                    {
                        Check(_coordinator.Declined(declined, subtask, new IOException("no"), _now));
                    }

                    break;
                case < 66 when _storing is { } storing:
                    Store(storing, pick % 4 == 0 ? new IOException("full") : null);
                    break;
                case < 72:
                    Request(pick);
                    break;
                case < 75:
                    Stop();
                    break;
                case < 82 when !_running:
                    Restart(pick);
                    break;
                case < 85:
                    Check(_coordinator.SetBacklog(pick % 2 == 0, _now));
                    break;
                case < 90 when _unfinished.Contains(subtask) && _drained.Add(subtask):
                    Check(_coordinator.Drained(subtask, _now));
                    break;
                case < 94:
                    Finish(_toFinish.Contains(subtask) || pick % 5 == 0 ? subtask : null);
                    break;
                case < 96 when _late.Count > 0:
                    var (id, from) = _late[pick % _late.Count];
                    var decisions = _coordinator.Acknowledged(id, CheckpointRig.Snapshot(from), _now);
                    Assert.True(_pending.ContainsKey(id) || decisions.OfType<CheckpointDecision.Discard>().Any(), "What is late is removed.");
                    Check(decisions);
                    break;
            }
        }

        /// <summary>Everything that was asked for is done: then nothing is pending any more, and all subtasks have ended.</summary>
        public void Drain()
        {
            if (_storing is { } storing)
            {
                Store(storing, null);
            }

            if (!_running || _failed)
            {
                Stop();
                Restart(0);
            }

            for (int round = 0; _unfinished.Count > 0 || _pending.Count > 0; round++)
            {
                Assert.True(round < 200, "Stuck.");
                foreach (var subtask in _topology.Subtasks.Where(subtask => _unfinished.Contains(subtask) && _drained.Add(subtask)))
                {
                    Check(_coordinator.Drained(subtask, _now));
                }

                foreach (long id in _pending.Keys.ToList())
                {
                    foreach (var subtask in _topology.Subtasks)
                    {
                        if (_pending.TryGetValue(id, out var pending) && _unfinished.Contains(subtask) && pending.Participants.Contains(subtask) && pending.Acknowledged.Add(subtask))
                        {
                            Check(_coordinator.Acknowledged(id, CheckpointRig.Snapshot(subtask, _drained.Contains(subtask)), _now));
                        }
                    }
                }

                if (_storing is { } next)
                {
                    Store(next, null);
                }

                foreach (var subtask in _toFinish.ToList())
                {
                    Finish(subtask);
                }

                if (_due != long.MaxValue && _pending.Count == 0)
                {
                    _now = Math.Max(_now, _due);
                    Check(_coordinator.Tick(_now));
                }
            }

            Assert.False(_failed);
            Assert.Empty(_open);
            var counts = _coordinator.History.Current.Counts;
            Assert.Equal((0, _lastId, _lastId), (counts.InProgress, counts.Triggered, counts.Completed + counts.Failed));
            Assert.Equal(_lastId, _ended.Count);
        }

        private void Acknowledge(int pick, SubtaskId subtask)
        {
            if (_pending.Count > 0)
            {
                long id = _pending.Keys.ElementAt(pick / 7 % _pending.Count);
                var pending = _pending[id];
                if (pending.Participants.Contains(subtask) && _unfinished.Contains(subtask))
                {
                    // Some come twice.
                    pending.Acknowledged.Add(subtask);
                    Check(_coordinator.Acknowledged(id, CheckpointRig.Snapshot(subtask, _drained.Contains(subtask)), _now));
                }
            }
        }

        private void Store(long id, Exception? error)
        {
            _storing = null;
            Check(_coordinator.Stored(id, error is null ? $"chk-{id}" : null, error, _now));
        }

        private void Request(int pick)
        {
            var request = (pick % 6) switch
            {
                0 => CheckpointRig.Savepoint(StopMode.Suspend),
                1 => CheckpointRig.Savepoint(StopMode.Drain),
                2 or 3 => CheckpointRig.Savepoint(),
                _ => CheckpointRig.OneMore(),
            };
            _open.Add(request);
            _requested = request;
            Check(_coordinator.Request(request, _now));
        }

        private void Stop()
        {
            bool isAllToStartAgain = _running && !_failed && _draining is not null;
            _isStopping = isAllToStartAgain;
            _draining = null;
            _running = false;
            Check(_coordinator.Stop(new InvalidOperationException("stopped"), _now));
            Assert.True(!_isStopping || _unfinished.Count == 0, "When sources were told to end their input, all of the job starts again.");
            _isStopping = false;
            _failed |= isAllToStartAgain;
            Assert.True(_pending.Count <= (_storing is null ? 0 : 1), "All but the one that is being stored are given up.");
            Assert.True(_open.Count <= _pending.Count, "All requests are answered.");
        }

        private void Restart(int pick)
        {
            foreach (var region in _topology.Regions.Where((_, index) => _failed || (pick >> index) % 2 == 0))
            {
                _coordinator.Replaced(region);
                _unfinished.UnionWith(region);
                _drained.ExceptWith(region);
                _toFinish.ExceptWith(region);
                foreach (var pending in _pending.Values)
                {
                    pending.Replaced.UnionWith(region);
                }
            }

            _running = true;
            _failed = false;
            Check(_coordinator.Start(_now));
        }

        private void Finish(SubtaskId? subtask)
        {
            if (subtask is { } id && _unfinished.Remove(id))
            {
                _toFinish.Remove(id);
                Check(_coordinator.Finished(id, _now));
            }
        }

        private void Check(IReadOnlyList<CheckpointDecision> decisions)
        {
            foreach (var decision in decisions)
            {
                switch (decision)
                {
                    case CheckpointDecision.Trigger trigger:
                        CheckTrigger(trigger);
                        break;
                    case CheckpointDecision.Store store:
                        Assert.Null(_storing);
                        _storing = store.Id;
                        Assert.Equal(_pending[store.Id].Participants, store.Snapshots.Select(snapshot => snapshot.Subtask));
                        Assert.Equal(_topology.Subtasks.Count, store.Snapshots.Count + store.Finished.Count);
                        break;
                    case CheckpointDecision.Completed completed:
                        CheckCompleted(completed);
                        break;
                    case CheckpointDecision.Aborted aborted:
                        Assert.True(_pending.Remove(aborted.Id, out var lost), "Only what was pending is aborted.");
                        Assert.NotEqual(_storing, aborted.Id);
                        Assert.True(_ended.Add(aborted.Id));
                        Assert.Equal(lost.Acknowledged.Count, aborted.Snapshots.Count);
                        Assert.All(aborted.Notify, subtask => Assert.Contains(subtask, _unfinished));
                        _late.AddRange(lost.Participants.Where(subtask => !lost.Acknowledged.Contains(subtask)).Select(subtask => (aborted.Id, subtask)));
                        break;
                    case CheckpointDecision.Drain:
                        _draining = _requested;
                        break;
                    case CheckpointDecision.RequestDone done:
                        _draining = done.Request == _draining ? null : _draining;
                        Assert.True(_open.Remove(done.Request), "A request is answered once.");
                        Assert.True(done.Path is not null || done.Error is not null);
                        break;
                    case CheckpointDecision.SetTimer timer:
                        _due = timer.DueAt;
                        break;
                    case CheckpointDecision.Fail:
                        Assert.True(_isStopping || (_running && !_failed), "A job is failed once.");
                        _failed = !_isStopping;
                        _isStopping = false;
                        break;
                }
            }

            Assert.Equal(_storing is not null, _coordinator.IsStoring);
            Assert.True(_storing is null || !_running || _failed || _due <= _now + (long)_options.Timeout.TotalMilliseconds, "What is stored is looked at again within the timeout.");
            Assert.Equal(_pending.Count, (int)_coordinator.History.Current.Counts.InProgress);
        }

        private void CheckTrigger(CheckpointDecision.Trigger trigger)
        {
            Assert.True(_running && !_failed);
            Assert.True(trigger.Barrier.CheckpointId > _lastId, "Ids grow.");
            _lastId = trigger.Barrier.CheckpointId;
            SubtaskId[] participants = [.. _topology.Subtasks.Where(_unfinished.Contains)];
            _pending.Add(_lastId, new Pending(participants, trigger));
            Assert.True(_pending.Count <= _options.MaxConcurrent, "No more than may run at once.");
            Assert.True(trigger.Request is null || _open.Contains(trigger.Request));
            Assert.NotEmpty(trigger.At);
            Assert.All(trigger.At, subtask => Assert.Contains(subtask, _unfinished));

            // The barrier comes to everybody: told directly, or from a producer that lives.
            Assert.All(participants, subtask => Assert.True(trigger.At.Contains(subtask) || _topology.ProducersOf(subtask).Any(_unfinished.Contains)));
        }

        private void CheckCompleted(CheckpointDecision.Completed completed)
        {
            Assert.True(_pending.Remove(completed.Id, out var pending), "Only what was pending is completed.");
            Assert.True(_ended.Add(completed.Id));
            Assert.True(pending.Acknowledged.SetEquals(pending.Participants), "All have acknowledged.");
            Assert.All(completed.Notify, subtask => Assert.True(_unfinished.Contains(subtask) && pending.Acknowledged.Contains(subtask) && !pending.Replaced.Contains(subtask)));
            Assert.All(completed.Finish, subtask => Assert.Contains(subtask, completed.Notify));
            if (completed.Request is { IsSavepoint: true, Stop: StopMode.None })
            {
                Assert.Empty(completed.Notify);
            }

            _toFinish.UnionWith(completed.Finish);
        }

        private sealed class Pending(SubtaskId[] participants, CheckpointDecision.Trigger trigger)
        {
            public SubtaskId[] Participants => participants;

            public CheckpointDecision.Trigger Trigger => trigger;

            public HashSet<SubtaskId> Acknowledged { get; } = [];

            public HashSet<SubtaskId> Replaced { get; } = [];
        }
    }
}
