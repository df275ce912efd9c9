namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Chooses of which workers a job gets the slots that it is to have. Deterministic.</summary>
internal static class SlotChoice
{
    /// <param name="claim">The job.</param>
    /// <param name="held">The slots that it holds, by the ids of workers.</param>
    /// <param name="granted">What it was granted last; null for nothing.</param>
    /// <param name="names">The slots that it held last, by the names of workers, which may have come back under another id.</param>
    /// <param name="share">How many slots it is to have.</param>
    /// <param name="others">The slots that other jobs have, by the ids of workers.</param>
    /// <returns>How many slots of each worker it may use; fewer than its share where others have not given them back yet.</returns>
    public static Dictionary<string, int> Choose(
        SlotClaim claim,
        IReadOnlyDictionary<string, int> held,
        IReadOnlyDictionary<string, int>? granted,
        IReadOnlyDictionary<string, int> names,
        int share,
        IReadOnlyDictionary<string, int> others)
    {
        bool packs = claim.Placement == SlotPlacement.Pack;
        List<Place> places = [.. claim.Workers.OrderBy(static worker => worker.Id, StringComparer.Ordinal).Select(worker => new Place(worker, Math.Max(0, worker.Slots - others.GetValueOrDefault(worker.Id))))];
        places.ForEach(place => place.Slots = Math.Min(place.Free, held.GetValueOrDefault(place.Worker.Id)));
        int given = places.Sum(static place => place.Slots);

        // What it is to give back: so that what remains is as its policy wants it.
        for (; given > share; given--)
        {
            var used = places.Where(static place => place.Slots > 0);
            (packs ? used.MinBy(static place => place.Slots) : used.MaxBy(static place => place.Slots))!.Slots--;
        }

        // A grant that moves from one worker to another is a slot that two must agree about: what was granted stays, where the job has not begun to use it yet.
        var stays = granted ?? new Dictionary<string, int>();
        for (; given < share; given++)
        {
            var open = places.Where(static place => place.Slots < place.Free);
            var next = open.OrderBy(place => place.Slots < stays.GetValueOrDefault(place.Worker.Id) ? 0 : 1)
                .ThenBy(place => packs ? -others.GetValueOrDefault(place.Worker.Id) - place.Slots : place.Slots)
                .ThenBy(place => place.Slots < names.GetValueOrDefault(place.Worker.Name) ? 0 : 1)
                .ThenByDescending(place => place.Free - place.Slots)
                .FirstOrDefault();
            if (next is null)
            {
                break;
            }

            next.Slots++;
        }

        return places.Where(static place => place.Slots > 0).ToDictionary(static place => place.Worker.Id, static place => place.Slots);
    }

    private sealed class Place(SlotOffer worker, int free)
    {
        public SlotOffer Worker => worker;

        public int Free => free;

        public int Slots { get; set; }
    }
}
