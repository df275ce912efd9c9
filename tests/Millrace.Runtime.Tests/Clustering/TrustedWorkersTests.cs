using Microsoft.Extensions.Time.Testing;
using Millrace.Runtime.Clustering;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Clustering;

public sealed class TrustedWorkersTests
{
    private static readonly WorkerInfo A = new("a", "a", "simulated", 0, 1);
    private static readonly WorkerInfo B = new("b", "b", "simulated", 0, 1);

    private readonly FakeTimeProvider _time = new();
    private readonly SimulatedClusterView _view = new(A);
    private readonly TrustedWorkers _workers;
    private readonly List<string> _told = [];

    public TrustedWorkersTests()
    {
        _view.Set([A, B]);
        _workers = new TrustedWorkers(_view, _time);
        _workers.Subscribe(() => _told.Add(string.Join(' ', _workers.Workers.Select(worker => worker.Name))));
    }

    [Fact]
    public void One_that_was_lost_is_done_without_until_the_membership_has_had_time_to_see_it()
    {
        _workers.Suspect(A);
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Equal(["b"], _told);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(["b", "a b"], _told);
    }

    [Fact]
    public void One_that_is_lost_again_is_done_without_for_longer()
    {
        _workers.Suspect(A);
        _time.Advance(TimeSpan.FromSeconds(2));
        _workers.Suspect(A);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([B], _workers.Workers);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([A, B], _workers.Workers);
    }

    [Fact]
    public void What_was_granted_bounds_the_slots_and_who_is_full_is_done_without_for_a_second()
    {
        var many = B with { Slots = 3 };
        _view.Set([A, many]);
        _told.Clear();
        _workers.Grant(new Dictionary<string, int> { ["b"] = 2, ["gone"] = 4 });
        Assert.Equal(["b"], _told);
        Assert.Equal([many with { Slots = 2 }], _workers.Workers);
        Assert.Equal([A, many], _workers.All);
        _workers.Refused(many);
        Assert.Empty(_workers.Workers);
        Assert.True(_workers.IsAlive(many));
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal([many with { Slots = 2 }], _workers.Workers);
    }

    [Fact]
    public void One_that_the_membership_lets_go_does_not_come_back()
    {
        _workers.Suspect(A);
        _view.Set([B]);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([B], _workers.Workers);
    }

    [Fact]
    public void One_that_leaves_is_alive_and_given_nothing_more()
    {
        _workers.Leaves(A);
        Assert.Equal(["b"], _told);
        Assert.True(_workers.IsAlive(A));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([B], _workers.Workers);
        _view.Set([B]);
        Assert.False(_workers.IsAlive(A));
    }

    [Fact]
    public void Nobody_is_told_when_it_is_over()
    {
        _workers.Suspect(A);
        _told.Clear();
        _workers.Dispose();
        _time.Advance(TimeSpan.FromSeconds(10));
        _view.Set([A]);
        Assert.Empty(_told);
    }
}
