using Millrace.Testing.Simulation;

namespace Millrace.Testing.Tests;

public sealed class VirtualTimeProviderTests
{
    private static readonly DateTimeOffset Start = new(2024, 2, 29, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Time_WithoutJitter_MovesOnlyWhenTold()
    {
        var time = new VirtualTimeProvider(Start);
        long stamp = time.GetTimestamp();
        Assert.Equal(Start, time.GetUtcNow());
        Assert.Equal(stamp, time.GetTimestamp());
        time.Advance(TimeSpan.FromMilliseconds(1.5));
        Assert.Equal(Start.AddMilliseconds(1.5), time.GetUtcNow());
        Assert.Equal(TimeSpan.FromMilliseconds(1.5), time.GetElapsedTime(stamp));
    }

    [Fact]
    public void Time_WithJitter_MovesWheneverItIsRead_TheSameForTheSameSeed()
    {
        Assert.Equal(Read(7), Read(7));
        Assert.NotEqual(Read(7), Read(8));
        Assert.Equal(Read(7).Order().Distinct(), Read(7));

        static List<long> Read(int seed)
        {
            var time = new VirtualTimeProvider(Start, new Random(seed));
            return [.. Enumerable.Range(0, 50).Select(_ => time.GetTimestamp())];
        }
    }

    [Fact]
    public void Advance_FiresTimersAtTheirOwnTimeInOrder_AlsoThoseSetOnTheWay()
    {
        var time = new VirtualTimeProvider(Start);
        var fired = new List<string>();
        Set("b", 20);
        Set("a", 10, () => Set("a2", 5));
        Set("c", 20);
        Set("late", 31);
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(["a@10", "a2@15", "b@20", "c@20"], fired);
        Assert.Equal(Start.AddSeconds(30), time.GetUtcNow());
        Assert.True(time.AdvanceToNextTimer());
        Assert.Equal("late@31", fired[^1]);
        Assert.False(time.AdvanceToNextTimer());

        void Set(string name, int seconds, Action? then = null) => time.CreateTimer(
            _ =>
            {
                fired.Add($"{name}@{(time.GetUtcNow() - Start).TotalSeconds}");
                then?.Invoke();
            },
            null,
            TimeSpan.FromSeconds(seconds),
            Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void Timer_Periodic_Changed_AndDisposed()
    {
        var time = new VirtualTimeProvider(Start);
        int fired = 0;
        var timer = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(3, fired);
        timer.Change(TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(3, fired);
        time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(4, fired);
        timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        Assert.True(time.FireDue());
        Assert.False(time.FireDue());
        Assert.Equal(5, fired);
        timer.Change(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        timer.Dispose();
        Assert.False(time.AdvanceToNextTimer());
        Assert.Equal(5, fired);
    }
}
