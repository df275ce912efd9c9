#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using CsCheck;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

/// <summary>Several coordinators that all take themselves for the one in charge, interleaved between any two calls of the storage, with calls that fail before or after they took effect, or take effect later.</summary>
public sealed class CheckpointLogPropertyTests
{
    private const int Coordinators = 3;
    private const int Operations = 5;

    [Fact]
    public void No_coordinator_begins_without_knowing_what_another_has_completed() =>
        Gen.Select(Gen.Int[0, Coordinators - 1].Array[20, 120], Gen.Int[0, 19].Array[20, 120], Gen.Int[1, 3])
            .Sample((schedule, faults, kept) => new World(schedule, faults, kept).Run(), iter: 1_500, threads: 1);

    [Fact]
    public void A_number_that_is_free_again_lets_no_old_coordinator_in()
    {
        // A log that believes every creation loses a completion here: the creation below succeeds.
        var storage = new MemoryCheckpointStorage();
        var names = new CheckpointNames("job");
        var old = new CheckpointLog(storage, names, TimeProvider.System, kept: 1);
        old.Begin(1);
        var successor = new CheckpointLog(storage, names, TimeProvider.System, kept: 1);
        successor.Begin(1);
        successor.Append(LogEntryKind.CheckpointCompleted, 7, state => World.With(state, 7));

        // The number that the old one goes for is free again.
        Assert.DoesNotContain(names.LogEntry(2), storage.Files.Keys);
        Assert.Throws<CheckpointFencedException>(() => old.Append(LogEntryKind.CheckpointCompleted, 8, state => World.With(state, 8)));
        var next = new CheckpointLog(storage, names, TimeProvider.System, kept: 1);
        next.Begin(1);
        Assert.Equal([7L], next.State.Retained.Select(item => item.Id));
        Assert.Equal(3, next.State.Epoch);
    }

    /// <summary>One run: coordinators on threads of their own, of which one at a time goes on, to its next call of the storage.</summary>
    private sealed class World(int[] schedule, int[] faults, int kept)
    {
        private readonly MemoryCheckpointStorage _files = new();
        private readonly List<Action> _late = [];
        private readonly List<(long Epoch, HashSet<long> Known)> _begun = [];
        private readonly List<(long Epoch, long Id)> _completed = [];
        private readonly SemaphoreSlim[] _go = [.. Enumerable.Range(0, Coordinators).Select(_ => new SemaphoreSlim(0))];
        private readonly SemaphoreSlim _stopped = new(0);
        private readonly bool[] _isOver = new bool[Coordinators];
        private readonly List<Exception> _errors = [];
        private int _calls;
        private long _nextId;

        public static LogState With(LogState state, long id) =>
            CheckpointLog.Reserve(state, id) with { Retained = [.. state.Retained, new RetainedCheckpoint(id, $"job/chk-{id}", 0, false)] };

        public void Run()
        {
            var threads = Enumerable.Range(0, Coordinators).Select(index => new Thread(() => Coordinate(index))).ToList();
            threads.ForEach(thread => thread.Start());
            int step = 0;
            while (!_isOver.All(over => over))
            {
                // Behind the end of the schedule the rest runs in turn, so that every run ends.
                int next = step < schedule.Length ? schedule[step] : step % Coordinators;
                step++;
                if (!_isOver[next])
                {
                    _go[next].Release();
                    _stopped.Wait();
                }
            }

            threads.ForEach(thread => thread.Join());
            Assert.Empty(_errors);
            Check();
        }

        private void Check()
        {
            Assert.Equal(_begun.Count, _begun.Select(begun => begun.Epoch).Distinct().Count());
            foreach (var (epoch, id) in _completed)
            {
                Assert.All(_begun.Where(begun => begun.Epoch > epoch), begun => Assert.Contains(id, begun.Known));
            }
        }

        private void Coordinate(int index)
        {
            _go[index].Wait();
            try
            {
                // A process that crashed is started again: with a log of its own, which knows nothing.
                for (int life = 0; life < 2; life++)
                {
                    try
                    {
                        Live(new CheckpointLog(new FaultyStorage(this, index), new CheckpointNames("job"), TimeProvider.System, kept));
                    }
                    catch (Exception exception) when (exception is CheckpointFencedException or CrashException)
                    {
                        // Superseded, or dead.
                    }
                }
            }
#pragma warning disable CA1031 // An error that leaves a thread ends the process.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _errors.Add(exception);
            }

            _isOver[index] = true;
            _stopped.Release();
        }

        private void Live(CheckpointLog log)
        {
            bool hasBegun = false;
            for (int operation = 0; operation < Operations; operation++)
            {
                try
                {
                    if (!hasBegun)
                    {
                        log.Begin(1);
                        hasBegun = true;
                        _begun.Add((log.State.Epoch, [.. log.State.Retained.Select(item => item.Id)]));
                        continue;
                    }

                    long id = ++_nextId;
                    log.Append(LogEntryKind.CheckpointCompleted, id, state => With(state, id));
                    _completed.Add((log.State.Epoch, id));
                }
                catch (IOException)
                {
                    // Not known; it goes on with the next.
                }
            }
        }

        private int Pause(int index)
        {
            _stopped.Release();
            _go[index].Wait();
            int call = _calls++;
            if (call % 7 == 6)
            {
                _late.ForEach(effect => effect());
                _late.Clear();
            }

            return call < faults.Length ? faults[call] : 19;
        }

        private sealed class CrashException : Exception;

        private sealed class FaultyStorage(World world, int index) : CheckpointStorage
        {
            public override string Description => "memory";

            public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
            {
                byte[] bytes = content.ToArray();
                switch (world.Pause(index))
                {
                    case 0:
                        throw new CrashException();
                    case 1:
                        world._files.TryCreate(name, bytes, cancellationToken);
                        throw new CrashException();
                    case 2 or 3:
                        throw new IOException("before");
                    case 4 or 5:
                        world._files.TryCreate(name, bytes, cancellationToken);
                        throw new IOException("after");
                    case 6 or 7:
                        world._late.Add(() => world._files.TryCreate(name, bytes));
                        throw new IOException("later");
                    case 8:
                        world._files.TryCreate(name, bytes, cancellationToken);
                        return false; // As where a request is repeated whose first answer got lost.
                    default:
                        return world._files.TryCreate(name, bytes, cancellationToken);
                }
            }

            public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
            {
                Fail();
                return world._files.OpenRead(name, cancellationToken);
            }

            public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default)
            {
                Fail();
                return world._files.List(folder, cancellationToken);
            }

            public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
            {
                Fail();
                world._files.Delete(names, cancellationToken);
            }

            public override StorageOutput Create(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

            private void Fail()
            {
                switch (world.Pause(index))
                {
                    case 0:
                        throw new CrashException();
                    case 1 or 2:
                        throw new IOException("before");
                }
            }
        }
    }
}
