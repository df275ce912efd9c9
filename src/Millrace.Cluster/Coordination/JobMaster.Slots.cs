using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <content>Which slots the job may use, since there are other jobs: the ledger is asked again and again, and at once when something changes.</content>
internal sealed partial class JobMaster
{
    // A ledger that is silent for so long is moving; what was granted last counts until it is back.
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(2);

    // While the job lacks slots.
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(200);

    private readonly ISlotLedger _ledger;
    private readonly bool _isOnlyJob;
    private readonly List<Wish> _wishes = [];
    private SlotGrant? _grant;
    private IReadOnlyList<WorkerInfo> _claimed = [];
    private Task _asking = Task.CompletedTask;
    private ITimer? _askTimer;
    private bool _isAsking;
    private bool _isToAskAgain;

    private bool IsWaitingForLedger => Volatile.Read(ref _scheduler) is not null && Volatile.Read(ref _grant) is null;

    private int GrantedSlots => _grant?.Slots.Values.Sum() ?? 0;

    /// <summary>The slots that the job has or could have, for who decides whether it should have more.</summary>
    private int AttainableSlots => Math.Max(_workers.Workers.Sum(static worker => worker.Slots), _grant is { IsAll: false } grant ? grant.Attainable : 0);

    private void Ask()
    {
        if (_isOver)
        {
            return;
        }

        if (_isAsking)
        {
            _isToAskAgain = true;
            return;
        }

        _isAsking = true;
        _isToAskAgain = false;
        _askTimer?.Dispose();
        _wishes.ForEach(static wish => wish.IsAsked = true);
        _asking = AskAsync(Claim());
    }

    private SlotClaim Claim()
    {
        var (least, wanted) = _scheduler!.Demand;
        foreach (var wish in _wishes)
        {
            (least, wanted) = (Math.Max(least, wish.Least), Math.Max(wanted, wish.Wanted));
        }

        _claimed = _workers.All;
        var held = _running?.Host.SlotsInUse;
        return new SlotClaim(_job, _term, least, Math.Max(least, wanted), [.. _claimed.Select(static worker => new SlotOffer(worker.Id, worker.Name, worker.Slots))])
        {
            GivesBack = _scheduler.IsReactive,
            Placement = _options.Placement,
            IsOnly = _isOnlyJob,
            Held = held is { Count: > 0 } ? held : null,
            GrantNumber = _grant?.Number ?? 0,
            Granted = _grant?.Slots,
            Ticket = _grant?.Ticket,
        };
    }

    private async Task AskAsync(SlotClaim claim)
    {
        SlotGrant? grant = null;
        try
        {
            grant = await _ledger.AskAsync(claim).WaitAsync(AskPatience, _time).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Log.LedgerSilent(_logger, error, _job);
        }

        Tell(() => Answered(grant));
    }

    private void Answered(SlotGrant? grant)
    {
        _isAsking = false;
        if (_isOver)
        {
            return;
        }

        if (grant is not null)
        {
            Take(grant);
        }

        foreach (var wish in _wishes.FindAll(static wish => wish.IsAsked))
        {
            _wishes.Remove(wish);
            wish.Then();
        }

        if (_isToAskAgain)
        {
            Ask();
        }
        else
        {
            var pause = grant is null || GrantedSlots < _scheduler!.Demand.Least ? ShortPause : SlotLedger.Renewal;
            _askTimer?.Dispose();
            _askTimer = _time.CreateTimer(_ => Tell(Ask), null, pause, Timeout.InfiniteTimeSpan);
        }
    }

    private void Take(SlotGrant grant)
    {
        var before = _grant;
        Volatile.Write(ref _grant, grant);
        if (before?.Number != grant.Number)
        {
            if (!grant.IsAll || before is { IsAll: false })
            {
                Remember("Slots.", grant.Reason);
            }

            // Only from then on that it is known may others have what this job may not use any more.
            _isToAskAgain = before is not null;
            _workers.Grant(grant.Slots);
        }

        LookAtWorkers();
        if (before is null)
        {
            Apply(_scheduler!.Start(Now));
        }
    }

    private void LookAtWorkers()
    {
        if (_grant is null)
        {
            return;
        }

        Apply(_scheduler!.SlotsChanged(_workers.Workers, Now, _grant.GiveBackTo));
        if (!_workers.All.SequenceEqual(_claimed))
        {
            Ask();
        }
    }

    /// <summary>Does something for which slots are needed, when they have been asked for; at once where the job may use as many.</summary>
    private void WithSlots(int least, int wanted, Action then)
    {
        if (_grant is null or { IsAll: true } || GrantedSlots >= wanted)
        {
            then();
            return;
        }

        _wishes.Add(new Wish(least, wanted, then));
        Ask();
    }

    /// <summary>What is to be started again finds no slots. Others than those that were lost may be free; else all of it stops, and the scheduler decides when it goes on, and how large.</summary>
    private void NoRoom(Observer observer)
    {
        if (_running != observer.Running)
        {
            return;
        }

        if (_grant is { IsAll: true })
        {
            _running!.Execution.Suspend();
            return;
        }

        _wishes.Add(new Wish(0, 0, () =>
        {
            if (_running == observer.Running && _running is { Host.IsWaiting: true } running)
            {
                running.Execution.Suspend();
            }
        }));
        Ask();
    }

    /// <summary>What waited for an answer learns that there will be none, and the slots are given back where nobody goes on with the job.</summary>
    private async Task LeaveLedgerAsync()
    {
        _askTimer?.Dispose();
        _wishes.ForEach(static wish => wish.Then());
        if (!_completion.Task.IsCompletedSuccessfully)
        {
            return;
        }

        // A question that came behind would bring the job back into the ledger.
        await _asking.ConfigureAwait(false);
        try
        {
            await _ledger.LeaveAsync(_job, _term).WaitAsync(AskPatience, _time).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // They are free when the lease is over.
            Log.LedgerSilent(_logger, error, _job);
        }
    }

    /// <summary>Something that waits for an answer of the ledger.</summary>
    private sealed record Wish(int Least, int Wanted, Action Then)
    {
        public bool IsAsked { get; set; }
    }
}
