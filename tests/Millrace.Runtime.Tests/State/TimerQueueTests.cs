using CsCheck;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class TimerQueueTests
{
    private static readonly Int64Hasher Hasher = new();

    private static KeyedStateStore<long> Backend() => TestState.Heap<long>(new KeyGroupRange(0, 8), 8, TestSerializers.Default);

    [Fact]
    public void TryPop_SameTime_GivesTimersInOrderOfRegistration()
    {
        var timers = Backend().Timers<VoidNamespace>("timers");
        foreach (long key in (long[])[5, 3, 9, 1])
        {
            Assert.True(timers.Register(key, Hasher.Hash(key), default, 100));
        }

        Assert.False(timers.Register(3, Hasher.Hash(3), default, 100));
        Assert.Equal(4, timers.Count);
        Assert.False(timers.TryPop(99, out _));
        var keys = new List<long>();
        while (timers.TryPop(100, out var timer))
        {
            Assert.Equal(Hasher.Hash(timer.Key), timer.Hash);
            keys.Add(timer.Key);
        }

        Assert.Equal([5, 3, 9, 1], keys);
        Assert.Equal(0, timers.Count);
    }

    [Fact]
    public void Register_DuringItsOwnFiring_IsANewTimer()
    {
        var timers = Backend().Timers<long>("timers");
        timers.Register(1, Hasher.Hash(1), 0, 10);
        Assert.True(timers.TryPop(10, out _));
        Assert.True(timers.Register(1, Hasher.Hash(1), 0, 10));
        Assert.True(timers.TryPop(10, out _));
    }

    [Fact]
    public void Register_AfterDelete_FiresOnceAtItsNewPlace()
    {
        var timers = Backend().Timers<long>("timers");
        timers.Register(1, Hasher.Hash(1), 0, 10);
        timers.Register(2, Hasher.Hash(2), 0, 10);
        Assert.True(timers.Delete(1, Hasher.Hash(1), 0, 10));
        Assert.False(timers.Delete(1, Hasher.Hash(1), 0, 10));
        Assert.True(timers.Register(1, Hasher.Hash(1), 0, 10));

        Assert.True(timers.TryPop(10, out var first));
        Assert.True(timers.TryPop(10, out var second));
        Assert.False(timers.TryPop(long.MaxValue, out _));
        Assert.Equal((2, 1), (first.Key, second.Key));
    }

    [Fact]
    public void TryPeek_AfterTheFirstIsDeleted_GivesTheNext()
    {
        var timers = Backend().Timers<long>("timers");
        Assert.False(timers.TryPeek(out long time));
        Assert.Equal(long.MaxValue, time);
        timers.Register(1, Hasher.Hash(1), 0, long.MinValue);
        timers.Register(1, Hasher.Hash(1), 0, long.MaxValue);
        Assert.True(timers.TryPeek(out time));
        Assert.Equal(long.MinValue, time);
        timers.Delete(1, Hasher.Hash(1), 0, long.MinValue);
        Assert.True(timers.TryPeek(out time));
        Assert.Equal(long.MaxValue, time);
    }

    [Fact]
    public void A_timer_queue_behaves_like_a_sorted_set()
    {
        Gen.Select(Gen.Int[0, 9], Gen.Long[0, 5], Gen.Long[0, 2], Gen.Long[-10, 20]).Array[0, 300].Sample(
            operations =>
            {
                var timers = Backend().Timers<long>("timers");
                var model = new SortedSet<(long Time, int Order, long Key, long Namespace)>();
                int order = 0;
                foreach (var (kind, key, ns, time) in operations)
                {
                    var existing = model.FirstOrDefault(timer => timer.Key == key && timer.Namespace == ns && timer.Time == time, (0, -1, 0, 0));
                    switch (kind)
                    {
                        case <= 4:
                            Assert.Equal(existing.Order < 0, timers.Register(key, Hasher.Hash(key), ns, time));
                            if (existing.Order < 0)
                            {
                                model.Add((time, order++, key, ns));
                            }

                            break;
                        case <= 7:
                            Assert.Equal(model.Remove(existing), timers.Delete(key, Hasher.Hash(key), ns, time));
                            break;
                        default:
                            bool due = model.Count > 0 && model.Min.Time <= time;
                            Assert.Equal(due, timers.TryPop(time, out var popped));
                            if (due)
                            {
                                Assert.Equal((model.Min.Time, model.Min.Key, model.Min.Namespace), (popped.Time, popped.Key, popped.Namespace));
                                model.Remove(model.Min);
                            }

                            break;
                    }

                    Assert.Equal(model.Count, timers.Count);
                    Assert.Equal(model.Count > 0, timers.TryPeek(out long next));
                    Assert.Equal(model.Count > 0 ? model.Min.Time : long.MaxValue, next);
                }
            },
            iter: 2_000);
    }

    [Fact]
    public void Many_timers_that_are_due_at_once_behave_like_a_sorted_set_while_others_come_and_go()
    {
        // Enough for them to be sorted, and then, between two that fire, keys are deleted and registered before, among and behind those that are due.
        Gen.Select(Gen.Long[0, 60], Gen.Select(Gen.Int[0, 5], Gen.Long[0, 999], Gen.Long[0, 80]).Array[300, 700], Gen.Bool).Sample(
            (now, operations, hasFewNamespaces) =>
            {
                var timers = Backend().Timers<long>("timers", hasFewNamespaces);
                var model = new SortedSet<(long Time, int Order, long Key)>();
                int order = 0;
                int fetched = 0;
                timers.FetchAhead = (keys, hashes, namespaces) => fetched += keys.Length + hashes.Length + namespaces.Length;
                for (long key = 0; key < 1000; key++)
                {
                    Register(key, key * 7 % 80);
                }

                foreach (var (kind, key, time) in operations)
                {
                    if (kind == 0)
                    {
                        Register(key, time);
                    }
                    else if (kind == 1)
                    {
                        var existing = model.FirstOrDefault(timer => timer.Key == key, (0, -1, 0));
                        Assert.Equal(model.Remove(existing), timers.Delete(key, Hasher.Hash(key), 0, existing.Item1));
                    }
                    else
                    {
                        Pop();
                    }

                    Assert.Equal(model.Count, timers.Count);
                }

                while (Pop())
                {
                }

                now = long.MaxValue;
                while (Pop())
                {
                }

                Assert.Equal(0, timers.Count);
                Assert.True(fetched > 0);

                void Register(long key, long time)
                {
                    bool isNew = !model.Any(timer => timer.Key == key && timer.Time == time);
                    Assert.Equal(isNew, timers.Register(key, Hasher.Hash(key), 0, time));
                    if (isNew)
                    {
                        model.Add((time, order++, key));
                    }
                }

                bool Pop()
                {
                    bool due = model.Count > 0 && model.Min.Time <= now;
                    Assert.Equal(model.Count > 0 ? model.Min.Time : long.MaxValue, timers.TryPeek(out long next) ? next : long.MaxValue);
                    Assert.Equal(due, timers.TryPop(now, out var popped));
                    if (due)
                    {
                        Assert.Equal((model.Min.Time, model.Min.Key), (popped.Time, popped.Key));
                        model.Remove(model.Min);
                    }

                    return due;
                }
            },
            iter: 100);
    }

    [Fact]
    public void Timers_that_are_put_off_fire_at_their_new_times_and_stay_the_timers_that_they_are()
    {
        // Few and many, in steps and at once: they are found to be due one by one, and together.
        Gen.Select(Gen.Int[1, 1500], Gen.Long[1, 100], Gen.ULong, Gen.Bool).Sample(
            (count, step, seed, hasFewNamespaces) =>
            {
                var backend = Backend();
                var timers = backend.Timers<long>("timers", hasFewNamespaces);
                var until = new Dictionary<long, long>();
                var expected = new List<(long Registered, int Order, long Key)>();
                timers.WhenDue = (in key, hash, in ns, time) =>
                {
                    Assert.Equal((Hasher.Hash(key), 2 * key), (hash, ns));
                    return Math.Max(time, until.GetValueOrDefault(key));
                };
                for (int i = 0; i < count; i++)
                {
                    long time = (long)(Int64Hasher.Mix(seed + (ulong)i) % 80);
                    timers.Register(i, Hasher.Hash(i), 2 * i, time);
                    expected.Add((time, i, i));
                }

                for (long now = step; expected.Count > 0; now += step)
                {
                    foreach (var (_, order, key) in expected)
                    {
                        ulong random = Int64Hasher.Mix(seed ^ ((ulong)(now * 10_000) + (ulong)order));
                        if (now < 200 && random % 3 == 0)
                        {
                            until[key] = Math.Max(until.GetValueOrDefault(key), (long)(random / 3 % 300));
                        }
                    }

                    var due = expected.Select(timer => (Time: Math.Max(timer.Registered, until.GetValueOrDefault(timer.Key)), timer)).Where(entry => entry.Time <= now).OrderBy(entry => entry.Time).ThenBy(entry => entry.timer.Order).ToList();
                    foreach (var (time, timer) in due)
                    {
                        Assert.True(timers.TryPop(now, out var popped));
                        Assert.Equal((time, timer.Key, 2 * timer.Key), (popped.Time, popped.Key, popped.Namespace));
                        expected.Remove(timer);
                    }

                    Assert.False(timers.TryPop(now, out _));
                    Assert.Equal(expected.Count, timers.Count);
                }

                Assert.Equal(0, backend.EntryCount);
            },
            iter: 100);
    }

    [Fact]
    public void A_timer_that_has_been_put_off_is_written_and_deleted_as_it_was_registered()
    {
        var backend = Backend();
        var timers = backend.Timers<long>("timers");
        timers.WhenDue = (in key, hash, in ns, time) => Math.Max(time, 100);
        timers.Register(1, Hasher.Hash(1), 0, 10);
        timers.Register(2, Hasher.Hash(2), 0, 20);
        Assert.False(timers.TryPop(50, out _));
        Assert.True(timers.TryPeek(out long time));
        Assert.Equal(100, time);

        using var restored = Backend();
        restored.Restore([MemoryKeyedState.Of(backend.Freeze(1), 8, TestContext.Current.CancellationToken)]);
        var read = restored.Timers<long>("timers");
        Assert.True(read.TryPop(50, out var first));
        Assert.True(read.TryPop(50, out var second));
        Assert.Equal(((1, 10), (2, 20)), ((first.Key, first.Time), (second.Key, second.Time)));
        Assert.Equal(0, restored.EntryCount);

        Assert.False(timers.Register(2, Hasher.Hash(2), 0, 20));
        Assert.True(timers.Delete(2, Hasher.Hash(2), 0, 20));
        Assert.True(timers.TryPop(100, out var left));
        Assert.Equal((1, 100), (left.Key, left.Time));
        Assert.Equal(0, backend.EntryCount);
        Assert.False(timers.TryPop(long.MaxValue, out _));
    }

    [Fact]
    public void Delete_AndRegisterWithEveryRecord_NeitherPilesUpNorAllocates()
    {
        // What session windows do: 1,000 keys with one timer each, which every record moves on.
        var timers = Backend().Timers<VoidNamespace>("timers");
        var due = new long[1_000];
        Run(100_000);
        int capacity = timers.Capacity;

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(1_000_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(capacity, timers.Capacity);
        Assert.Equal(1_000, timers.Count);
        Assert.True(capacity <= 4096, $"{capacity} nodes for 1,000 timers");

        void Run(int records)
        {
            for (int i = 0; i < records; i++)
            {
                long key = i % 1_000;
                timers.Delete(key, Hasher.Hash(key), default, due[key]);
                due[key] = 1_000_000 + i;
                timers.Register(key, Hasher.Hash(key), default, due[key]);
            }
        }
    }

    [Fact]
    public void TryPop_AllOfMany_GivesTheMemoryBack()
    {
        var timers = Backend().Timers<VoidNamespace>("timers");
        for (long key = 0; key < 100_000; key++)
        {
            timers.Register(key, Hasher.Hash(key), default, (long)(Hasher.Hash(key) % 1_000_000));
        }

        long last = long.MinValue;
        int count = 0;
        while (timers.TryPop(long.MaxValue, out var timer))
        {
            Assert.True(timer.Time >= last);
            last = timer.Time;
            count++;
        }

        Assert.Equal(100_000, count);
        Assert.True(timers.Capacity <= 2048);
    }
}
