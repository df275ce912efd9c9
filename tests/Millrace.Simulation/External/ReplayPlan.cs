namespace Millrace.Simulation.External;

/// <summary>What a <see cref="ReplaySource"/> contains and how it gives it: the same whenever it is asked.</summary>
/// <param name="Splits">The records, by split.</param>
/// <param name="Disorder">By how many milliseconds a record may come behind a later one of its split.</param>
/// <param name="OnRequest">
/// Whether splits are handed out one by one to whoever asks; otherwise each reader has its own from the beginning. Those that are handed out follow each other in event time, so
/// that nothing is late whoever gets them.
/// </param>
/// <param name="Burst">How many records a split gives at once.</param>
/// <param name="Pause">How long it then rests.</param>
internal sealed record ReplayPlan(IReadOnlyList<Item[]> Splits, int Disorder, bool OnRequest, int Burst, TimeSpan Pause)
{
    private const long PlacesPerSplit = 1_000_000;

    /// <summary>Whether the source counts as working off a backlog until its last split is found; where each reader has its own from the beginning, to the end.</summary>
    public bool HasBacklog { get; init; }

    /// <summary>All records.</summary>
    public IEnumerable<Item> Items => Splits.SelectMany(split => split);

    /// <summary>Makes a plan up.</summary>
    /// <param name="random">Decides.</param>
    /// <param name="source">The number of the source among those of the job; part of the ids.</param>
    public static ReplayPlan Create(Random random, int source)
    {
        int splits = random.Next(1, 6);
        int disorder = random.Next(4) == 0 ? 0 : random.Next(1, 30);
        bool onRequest = random.Next(2) == 0;
        int keys = random.Next(1, 12);
        int records = random.Next(10, 120);
        int step = random.Next(1, 8);

        // Before 1970 as well as after.
        long begin = random.Next(-300, 300);
        var content = new List<Item[]>(splits);
        for (int split = 0; split < splits; split++)
        {
            var items = new Item[random.Next(8) == 0 ? 0 : random.Next(1, records)];
            long time = begin;
            for (int i = 0; i < items.Length; i++)
            {
                time += random.Next(step);
                items[i] = new Item(random.Next(keys), random.Next(-50, 100), time - random.Next(disorder + 1), (((source * 100L) + split) * PlacesPerSplit) + i);
            }

            content.Add(items);
            if (onRequest)
            {
                begin = time + disorder + 1;
            }
        }

        return new ReplayPlan(content, disorder, onRequest, random.Next(1, 12), TimeSpan.FromMilliseconds(random.Next(0, 25))) { HasBacklog = random.Next(3) == 0 };
    }

    /// <summary>Which split of all sources a record comes from.</summary>
    public static int SplitOf(long id) => (int)(id / PlacesPerSplit);

    /// <summary>Which record of its split it is.</summary>
    public static long PlaceOf(long id) => id % PlacesPerSplit;
}
