using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class SlotLedgerTests
{
    private static readonly SlotOffer[] Workers = [new("a-1", "a", 2), new("b-1", "b", 2), new("c-1", "c", 2)];

    private readonly SlotLedger _ledger = new(0, 1_000);
    private readonly Dictionary<string, SlotGrant> _grants = [];
    private long _now = 10_000;

    [Fact]
    public void A_job_that_is_alone_may_use_all()
    {
        var grant = Ask(Fixed("one", 2))!;
        Assert.True(grant.IsAll);
        Assert.Equal(Workers.ToDictionary(worker => worker.Id, worker => worker.Slots), grant.Slots);
        Assert.Equal(6, grant.Attainable);
        Assert.Equal("It is the only job: it may use all 6 slots.", grant.Reason);
    }

    [Fact]
    public void Two_jobs_share_and_the_second_gets_its_slots_when_the_first_knows_of_it()
    {
        Ask(Fixed("one", 4));
        Assert.Empty(Ask(Fixed("two", 2))!.Slots);

        // It may have begun to use any of them, and says which with its next question; what it is told then it has heard when it asks once more.
        Assert.Equal(4, Ask(Fixed("one", 4), ("a-1", 2), ("b-1", 2))!.Slots.Values.Sum());
        Assert.Empty(Ask(Fixed("two", 2))!.Slots);
        Ask(Fixed("one", 4), ("a-1", 2), ("b-1", 2));
        var grant = Ask(Fixed("two", 2))!;
        Assert.Equal([new("c-1", 2)], grant.Slots);
        Assert.Equal("The jobs of the cluster share 6 slots: this one may use 2; of the others 'one' 4.", grant.Reason);
        Assert.Equal([("a-1", "one", 2), ("b-1", "one", 2)], _ledger.Held);
    }

    [Fact]
    public void A_reactive_job_gives_back_what_a_later_one_needs_and_grows_when_it_is_gone()
    {
        Ask(Reactive("one"));
        Ask(Reactive("one"), ("a-1", 2), ("b-1", 2), ("c-1", 2));
        Assert.Empty(Ask(Fixed("two", 3))!.Slots);
        var less = Ask(Reactive("one"), ("a-1", 2), ("b-1", 2), ("c-1", 2))!;
        Assert.Equal(3, less.GiveBackTo);
        Assert.Equal([new("a-1", 1), new("b-1", 1), new("c-1", 1)], less.Slots);

        // It has heard of it, and runs on.
        Assert.Equal(3, Ask(Reactive("one"), ("a-1", 2), ("b-1", 2), ("c-1", 2))!.GiveBackTo);
        Assert.Empty(Ask(Fixed("two", 3))!.Slots);

        // Now it has stopped.
        Ask(Reactive("one"));
        Assert.Equal(3, Ask(Fixed("two", 3))!.Slots.Values.Sum());
        Assert.Null(Ask(Reactive("one"), ("a-1", 1), ("b-1", 1), ("c-1", 1))!.GiveBackTo);
        Ask(Fixed("two", 3), ("a-1", 1), ("b-1", 1), ("c-1", 1));
        _ledger.Leave("two", 1);
        Assert.True(Ask(Reactive("one"), ("a-1", 1), ("b-1", 1), ("c-1", 1)) is { IsAll: true, GiveBackTo: null });
    }

    [Fact]
    public void A_job_waits_behind_one_that_came_before_it_and_says_so()
    {
        Settle(Fixed("one", 4), ("a-1", 2), ("b-1", 2));
        Ask(Fixed("large", 6));
        var waits = Ask(Fixed("small", 2))!;
        Assert.Empty(waits.Slots);
        Assert.EndsWith("'large' came before it, and waits for 6.", waits.Reason, StringComparison.Ordinal);

        // One that is larger than all there is keeps nobody waiting.
        _ledger.Leave("large", 1);
        Assert.Equal([new("c-1", 2)], Ask(Fixed("small", 2))!.Slots);
    }

    [Fact]
    public void The_slots_of_a_job_wait_for_its_next_coordinator_until_the_lease_is_over()
    {
        Settle(Fixed("one", 4), ("a-1", 2), ("b-1", 2));
        Ask(Fixed("two", 4));
        _ledger.Leave("huge", 1);
        _now += (long)SlotLedger.Lease.TotalMilliseconds - 1;
        Assert.Equal(2, Ask(Fixed("two", 4))!.Attainable);

        // The next one does not know yet what there is; it gets the same.
        _grants.Remove("one");
        var grant = Ask(Fixed("one", 4) with { Term = 2 })!;
        Assert.Equal([new("a-1", 2), new("b-1", 2)], grant.Slots);

        // What the one before says counts for nothing.
        Assert.Null(_ledger.Ask(Fixed("one", 6), _now));
        _ledger.Leave("one", 1);
        Assert.Contains("one", _ledger.Jobs);
        _now += (long)SlotLedger.Lease.TotalMilliseconds + 1;
        Assert.True(Ask(Fixed("two", 4))!.IsAll);
        Assert.Equal(["two"], _ledger.Jobs);
    }

    [Fact]
    public void A_ledger_that_begins_learns_before_it_grants_and_goes_on_in_the_same_order()
    {
        Settle(Fixed("one", 4), ("a-1", 2), ("b-1", 2));
        Ask(Fixed("two", 2));
        Ask(Fixed("three", 2));
        var next = new SlotLedger(_now, 5_000);

        // A job that is started now does not get what others hold.
        Assert.Null(next.Ask(With(Fixed("four", 2)), _now));
        Assert.Null(next.Ask(With(Fixed("three", 2)), _now));
        Assert.Null(next.Ask(With(Fixed("one", 4), ("a-1", 2), ("b-1", 2)), _now));
        Assert.Null(next.Ask(With(Fixed("two", 2)), _now));
        _now += 1_300;
        Assert.Empty(next.Ask(With(Fixed("four", 2)), _now)!.Slots);
        Assert.Empty(next.Ask(With(Fixed("three", 2)), _now)!.Slots);
        Assert.Equal([new("c-1", 2)], next.Ask(With(Fixed("two", 2)), _now)!.Slots);
    }

    [Fact]
    public void A_ledger_that_begins_does_not_keep_the_only_job_waiting() =>
        Assert.True(new SlotLedger(0, 1).Ask(Fixed("one", 2) with { IsOnly = true }, 0)!.IsAll);

    [Fact]
    public void Slots_are_spread_or_packed_and_go_to_a_worker_that_comes_back()
    {
        Settle(Fixed("one", 2), ("a-1", 1), ("b-1", 1));
        Assert.Equal([new("a-1", 1), new("b-1", 1), new("c-1", 1)], Ask(Fixed("two", 3))!.Slots);
        Assert.Equal([new("c-1", 1)], Ask(Fixed("three", 1) with { Placement = SlotPlacement.Pack })!.Slots);
        _ledger.Leave("three", 1);
        _ledger.Leave("two", 1);
        Assert.Equal([new("a-1", 1), new("b-1", 1)], Ask(Fixed("four", 2) with { Placement = SlotPlacement.Pack })!.Slots);
        _ledger.Leave("four", 1);

        // Its process was started again: it is another worker with the same disk.
        SlotOffer[] workers = [new("a-2", "a", 2), Workers[1], Workers[2]];
        var grant = _ledger.Ask(With(Fixed("one", 2), ("a-1", 1), ("b-1", 1)) with { Workers = workers, Held = new Dictionary<string, int> { ["b-1"] = 1 } }, _now)!;
        Assert.Equal([new("a-2", 1), new("b-1", 1)], grant.Slots);
    }

    [Fact]
    public void Jobs_that_come_and_go_leave_nothing_behind()
    {
        Settle(Reactive("stays"), ("a-1", 2), ("b-1", 2), ("c-1", 2));
        for (int i = 0; i < 1_000; i++)
        {
            string job = $"job-{i}";
            _now += 100;
            Ask(Fixed(job, 1));
            Ask(Reactive("stays"), ("a-1", 2), ("b-1", 2), ("c-1", 1));
            Ask(Reactive("stays"), ("a-1", 2), ("b-1", 2), ("c-1", 1));
            Assert.Equal([new("c-1", 1)], Ask(Fixed(job, 1))!.Slots);
            if (i % 2 == 0)
            {
                Ask(Fixed(job, 1), ("c-1", 1));
            }

            _ledger.Leave(job, 1);
            _grants.Remove(job);
        }

        // The one that is too large was silent for longer than its lease.
        Assert.Equal(["stays"], _ledger.Jobs);
        Assert.True(Ask(Reactive("stays"))!.IsAll);
    }

    private static SlotClaim Fixed(string job, int slots) => new(job, 1, slots, slots, Workers);

    private static SlotClaim Reactive(string job) => new(job, 1, 1, 128, Workers) { GivesBack = true };

    /// <summary>As a coordinator asks that goes by the last answer.</summary>
    private SlotClaim With(SlotClaim claim, params (string Worker, int Slots)[] held)
    {
        var last = _grants.GetValueOrDefault(claim.Job);
        return claim with
        {
            Held = held.Length == 0 ? null : held.ToDictionary(item => item.Worker, item => item.Slots),
            GrantNumber = last?.Number ?? 0,
            Granted = last?.Slots,
            Ticket = last?.Ticket,
        };
    }

    private SlotGrant? Ask(SlotClaim claim, params (string Worker, int Slots)[] held)
    {
        var grant = _ledger.Ask(With(claim, held), _now);
        if (grant is not null)
        {
            _grants[claim.Job] = grant;
        }

        return grant;
    }

    /// <summary>A job runs, and knows that there is another: one that is too large ever to start.</summary>
    private void Settle(SlotClaim claim, params (string Worker, int Slots)[] held)
    {
        Ask(claim);
        Ask(Fixed("huge", 99));
        Ask(claim, held);
        Ask(claim, held);
        Assert.Equal(held.Sum(item => item.Slots), _grants[claim.Job].Slots.Values.Sum());
    }
}
