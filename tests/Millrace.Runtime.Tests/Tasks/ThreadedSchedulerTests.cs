using System.Collections.Concurrent;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Exchange;

namespace Millrace.Runtime.Tests.Tasks;

public sealed class ThreadedSchedulerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [Fact]
    public void Wake_FromManyThreads_LosesNoMailAndNeverOverlapsRuns()
    {
        const int Wakers = 4;
        const int Each = 100_000;
        using var scheduler = new ThreadedScheduler(2, TimeProvider.System);
        using var done = new ManualResetEventSlim();
        var mail = new ConcurrentQueue<int>();
        int seen = 0;
        int inside = 0;
        bool overlapped = false;
        var actor = new TestActor(scheduler, _ =>
        {
            overlapped |= Interlocked.Increment(ref inside) != 1;
            while (mail.TryDequeue(out int _))
            {
                seen++;
            }

            Interlocked.Decrement(ref inside);
            if (seen < Wakers * Each)
            {
                return RunResult.Wait;
            }

            done.Set();
            return RunResult.Done;
        });
        Thread[] wakers = [.. Enumerable.Range(0, Wakers).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                mail.Enqueue(i);
                actor.Wake();
            }
        }))];
        Array.ForEach(wakers, waker => waker.Start());
        Assert.True(done.Wait(Limit, TestContext.Current.CancellationToken), $"{Volatile.Read(ref seen)} of {Wakers * Each} mails were seen, then the actor slept.");
        Assert.False(overlapped);
    }

    [Fact]
    public void Wake_PingPong_NeverSleepsForEver()
    {
        using var scheduler = new ThreadedScheduler(2, TimeProvider.System);
        using var done = new ManualResetEventSlim();
        int turns = 0;
        TestActor? ping = null;
        TestActor? pong = null;
        ping = new TestActor(scheduler, _ => Turn(pong!));
        pong = new TestActor(scheduler, _ => Turn(ping!));
        ping.Wake();
        Assert.True(done.Wait(Limit, TestContext.Current.CancellationToken), $"Stopped after {Volatile.Read(ref turns)} turns.");

        RunResult Turn(Actor other)
        {
            if (Interlocked.Increment(ref turns) >= 200_000)
            {
                done.Set();
                return RunResult.Wait;
            }

            other.Wake();
            return RunResult.Wait;
        }
    }

    [Fact]
    public void Steal_OneThreadIsBusyWithALongRun_TheOtherTakesItsWork()
    {
        using var scheduler = new ThreadedScheduler(2, TimeProvider.System);
        using var release = new ManualResetEventSlim();
        using var all = new CountdownEvent(20);
        TestActor[] small = [.. Enumerable.Range(0, 20).Select(_ => new TestActor(scheduler, _ =>
        {
            all.Signal();
            return RunResult.Done;
        }))];
        var busy = new TestActor(scheduler, _ =>
        {
            // Woken from this thread they go into this thread's queue, which does not move on.
            Array.ForEach(small, actor => actor.Wake());
            release.Wait(Limit);
            return RunResult.Done;
        });
        busy.Wake();
        Assert.True(all.Wait(Limit, TestContext.Current.CancellationToken), "Work stayed in the queue of a busy thread.");
        release.Set();
    }

    [Fact]
    public void Abandon_ActorDoesNotReturn_AnotherThreadTakesOverAndTheLostOneEndsWhenItComesBack()
    {
        using var scheduler = new ThreadedScheduler(1, TimeProvider.System);
        using var release = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        using var ran = new ManualResetEventSlim();
        Thread? lost = null;
        var stuck = new TestActor(scheduler, _ =>
        {
            lost = Thread.CurrentThread;
            entered.Set();
            release.Wait(Limit);
            return RunResult.Done;
        });
        var other = new TestActor(scheduler, _ =>
        {
            ran.Set();
            return RunResult.Done;
        });
        stuck.Wake();
        Assert.True(entered.Wait(Limit, TestContext.Current.CancellationToken));
        other.Wake();
        Assert.False(ran.IsSet);
        scheduler.Abandon(stuck);
        Assert.True(ran.Wait(Limit, TestContext.Current.CancellationToken), "Nobody took over.");
        release.Set();
        Assert.True(lost!.Join(Limit), "The lost thread went on.");
    }

    [Fact]
    public void Dedicated_ActorBlocks_OthersGoOnAndItsThreadEndsWithIt()
    {
        using var scheduler = new ThreadedScheduler(1, TimeProvider.System);
        using var release = new ManualResetEventSlim();
        using var ran = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        Thread? own = null;
        var blocking = new TestActor(
            scheduler,
            _ =>
            {
                own = Thread.CurrentThread;
                entered.Set();
                release.Wait(Limit);
                return RunResult.Done;
            },
            ActorPlacement.Dedicated);
        Thread? shared = null;
        var other = new TestActor(scheduler, _ =>
        {
            shared = Thread.CurrentThread;
            ran.Set();
            return RunResult.Done;
        });
        blocking.Wake();
        Assert.True(entered.Wait(Limit, TestContext.Current.CancellationToken));
        other.Wake();
        Assert.True(ran.Wait(Limit, TestContext.Current.CancellationToken));
        Assert.NotSame(own, shared);
        Assert.Equal("millrace test actor", own!.Name);
        release.Set();
        Assert.True(own.Join(Limit));
    }

    [Fact]
    public void Dispose_ThreadsEnd()
    {
        var scheduler = new ThreadedScheduler(2, TimeProvider.System);
        var threads = new ConcurrentBag<Thread>();
        using var all = new CountdownEvent(3);
        foreach (var placement in Enum.GetValues<ActorPlacement>())
        {
            new TestActor(
                scheduler,
                _ =>
                {
                    threads.Add(Thread.CurrentThread);
                    all.Signal();
                    return RunResult.Wait;
                },
                placement).Wake();
        }

        Assert.True(all.Wait(Limit, TestContext.Current.CancellationToken));
        scheduler.Dispose();
        scheduler.Dispose();
        Assert.All(threads, thread => Assert.True(thread.Join(Limit), thread.Name));
    }
}
