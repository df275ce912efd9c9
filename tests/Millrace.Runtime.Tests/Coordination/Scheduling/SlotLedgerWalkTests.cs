using CsCheck;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

/// <summary>Jobs that come, run, give back, lose their coordinators and end, with answers of the ledger that are late or lost, and ledgers that move.</summary>
public sealed class SlotLedgerWalkTests
{
    [Fact]
    public void No_slot_is_used_twice_and_everybody_who_can_start_does_in_the_end() =>
        Gen.Select(Gen.Int[1, 4].Array[1, 4], Gen.Int[0, 999_999].Array[0, 120]).Sample(
            (slots, choices) =>
            {
                var walk = new Walk(slots);
                foreach (int choice in choices)
                {
                    walk.Step(choice % 100, choice / 100);
                }

                walk.Settle();
            },
            iter: 5_000);

    private sealed class Job(string name, int least, int wanted, bool givesBack)
    {
        public string Name => name;

        public int Least => least;

        public int Wanted => wanted;

        public bool GivesBack => givesBack;

        public long Term { get; set; } = 1;

        public SlotGrant? Grant { get; set; }

        public SlotGrant? OnItsWay { get; set; }

        public Dictionary<string, int>? Held { get; set; }

        public long Asked { get; set; }
    }

    private sealed class Walk
    {
        private readonly SlotOffer[] _workers;
        private readonly List<Job> _jobs = [];
        private SlotLedger _ledger = new(-10_000, 1);
        private long _now;
        private int _made;

        public Walk(int[] slots) => _workers = [.. slots.Select((count, i) => new SlotOffer($"w{i}", $"w{i}", count))];

        private int Capacity => _workers.Sum(worker => worker.Slots);

        public void Step(int kind, int pick)
        {
            _now += pick % 5 * 100;

            // Whoever is silent for longer than its lease is thought to be gone; the worker would refuse whoever comes instead.
            _jobs.FindAll(silent => _now - silent.Asked > 10_000).ForEach(silent => Ask(silent, isLost: false, isLate: true));
            var job = _jobs.Count == 0 ? null : _jobs[pick % _jobs.Count];
            switch (kind)
            {
                case < 15 when _jobs.Count < 6:
                    int least = 1 + (pick % 4);
                    int more = pick / 4 % 3 == 0 ? 0 : pick / 12 % 9;
                    _jobs.Add(new Job($"job-{_made++}", least, least + more, givesBack: more > 0 && pick / 120 % 2 == 0) { Asked = _now });
                    break;
                case < 45 when job is not null:
                    Ask(job, isLost: pick / 10 % 5 == 0, isLate: pick / 50 % 4 == 0);
                    break;
                case < 55 when job is not null:
                    Hear(job);
                    break;
                case < 75 when job is not null:
                    Act(job);
                    break;
                case < 80 when job is not null:
                    // Its coordinator is gone, and with it its subtasks.
                    job.Term++;
                    (job.Grant, job.OnItsWay, job.Held) = (null, null, null);
                    break;
                case < 85 when job is not null:
                    End(job);
                    break;
                case < 88:
                    Move();
                    break;
            }

            Check();
        }

        /// <summary>All ask and do what they may, and whoever runs ends after a while: then everybody who can run at all has.</summary>
        public void Settle()
        {
            for (int round = 0; _jobs.Exists(job => job.Least <= Capacity); round++)
            {
                Assert.True(round < 50, "somebody waits for ever");
                for (int i = 0; i < 8; i++)
                {
                    _now += 500;
                    foreach (var job in _jobs)
                    {
                        Ask(job, isLost: false, isLate: false);
                        Act(job);
                        Check();
                    }
                }

                Assert.Contains(_jobs, job => job.Held is not null);

                // The one that has run for the shortest time: the first must not depend on it.
                End(_jobs.FindLast(job => job.Held is not null)!);
            }

            _jobs.ToList().ForEach(End);
            Assert.Empty(_ledger.Jobs);
        }

        private void Ask(Job job, bool isLost, bool isLate)
        {
            // What is late comes before the next question, or never: a coordinator has one question under way.
            job.OnItsWay = null;
            job.Asked = _now;
            var grant = _ledger.Ask(ClaimOf(job), _now);
            if (isLost || grant is null)
            {
                return;
            }

            job.OnItsWay = grant;
            if (!isLate)
            {
                Hear(job);
            }
        }

        private SlotClaim ClaimOf(Job job) => new(job.Name, job.Term, job.Least, job.Wanted, _workers)
        {
            GivesBack = job.GivesBack,
            Held = job.Held,
            GrantNumber = job.Grant?.Number ?? 0,
            Granted = job.Grant?.Slots,
            Ticket = job.Grant?.Ticket,
        };

        private static void Hear(Job job)
        {
            if (job.OnItsWay is { } grant)
            {
                (job.Grant, job.OnItsWay) = (grant, null);
            }
        }

        /// <summary>Starts, where it can; gives back, where it is to; uses more, where it may.</summary>
        private static void Act(Job job)
        {
            if (job.Grant is not { } grant)
            {
                return;
            }

            int slots = Math.Min(grant.Slots.Values.Sum(), job.Wanted);
            if (slots >= job.Least && (job.Held is null || grant.GiveBackTo < job.Held.Values.Sum() || slots > job.Held.Values.Sum()))
            {
                var held = new Dictionary<string, int>();
                foreach (var (worker, count) in grant.Slots)
                {
                    held[worker] = Math.Min(count, slots - held.Values.Sum());
                }

                job.Held = held;
            }
        }

        private void End(Job job)
        {
            _ledger.Leave(job.Name, job.Term);
            _jobs.Remove(job);
        }

        /// <summary>All that run are heard of within a second, while nothing is granted.</summary>
        private void Move()
        {
            _ledger = new SlotLedger(_now, 1_000_000 + _now);
            _jobs.ForEach(job => job.OnItsWay = null);
            foreach (var job in _jobs.Where(job => job.Grant is not null || job.Held is not null))
            {
                job.Asked = _now;
                Assert.Null(_ledger.Ask(ClaimOf(job), _now));
            }

            _now += 1_300;
        }

        private void Check()
        {
            foreach (var worker in _workers)
            {
                int used = _jobs.Sum(job => job.Held?.GetValueOrDefault(worker.Id) ?? 0);
                int granted = _jobs.Sum(job => Math.Max(job.Held?.GetValueOrDefault(worker.Id) ?? 0, job.Grant?.Slots.GetValueOrDefault(worker.Id) ?? 0));
                Assert.True(used <= worker.Slots, $"{used} of {worker.Slots} used");
                Assert.True(granted <= worker.Slots, $"{granted} of {worker.Slots} granted");
            }
        }
    }
}
