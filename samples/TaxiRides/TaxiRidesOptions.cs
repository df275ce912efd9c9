namespace TaxiRides;

/// <summary>What a user of the sample can choose.</summary>
public sealed record TaxiRidesOptions
{
    /// <summary>How many rides there are. Each has a START, and most have an END and a fare.</summary>
    /// <value>Default: 10,000, which are about 17 hours of the city.</value>
    public int Rides { get; init; } = 10_000;

    /// <summary>Decides everything about the rides: the same seed gives the same rides in the same order.</summary>
    /// <value>Default: 1.</value>
    public int Seed { get; init; } = 1;

    /// <summary>How long an event may be on its way: how far it may come behind a later one.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan Disorder { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many of a hundred rides have no END.</summary>
    /// <value>0 to 100. Default: 1.</value>
    public int MissingEnds { get; init; } = 1;

    /// <summary>How many of a hundred rides have no fare.</summary>
    /// <value>0 to 100. Default: 1.</value>
    public int MissingFares { get; init; } = 1;

    /// <summary>How many events are read in a second, from rides and fares each.</summary>
    /// <value>Default (<see langword="null"/>): as fast as it goes.</value>
    public double? Rate { get; init; }

    /// <summary>The folder of the results; those of an earlier run are overwritten.</summary>
    /// <value>Default: <c>out/taxi-rides</c> in the current directory.</value>
    public string Output { get; init; } = Path.Combine("out", "taxi-rides");

    /// <summary>How many subtasks an operator has.</summary>
    /// <value>Default: the number of processors.</value>
    public int Parallelism { get; init; } = Environment.ProcessorCount;
}
