namespace FlightDelays;

/// <summary>What a user of the sample can choose.</summary>
public sealed record FlightDelaysOptions
{
    private static readonly string Data = Path.Combine(AppContext.BaseDirectory, "data");

    /// <summary>The flights: a file or a folder of files; JSON, JSON lines, CSV or Parquet, by extension.</summary>
    /// <value>Default: the flights that come with the sample.</value>
    public string Input { get; init; } = Path.Combine(Data, "flights-20k.json");

    /// <summary>The list of airports, as CSV.</summary>
    /// <value>Default: the list that comes with the sample.</value>
    public string Airports { get; init; } = Path.Combine(Data, "airports.csv");

    /// <summary>The folder of the results. A run that begins anew overwrites what an earlier one has written there; one that goes on from a checkpoint adds to it.</summary>
    /// <value>Default: <c>out/flight-delays</c> in the current directory.</value>
    public string Output { get; init; } = Path.Combine("out", "flight-delays");

    /// <summary>How far a flight may come behind a later one of the same file. What comes later than that is late.</summary>
    /// <value>
    /// Default: 3 hours, as few flights are delayed for longer. But each that is makes those behind it late, so the denser the flights the more there are: the README has figures.
    /// </value>
    public TimeSpan MaxDisorder { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How many subtasks an operator has.</summary>
    /// <value>Default: the number of processors.</value>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>The folder of the checkpoints, from the latest of which a run goes on.</summary>
    /// <value>Default: none, and no checkpoints.</value>
    public string? CheckpointFolder { get; init; }

    /// <summary>How often a checkpoint begins, where there is a <see cref="CheckpointFolder"/>.</summary>
    /// <value>Default: 10 seconds.</value>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether a job that has finished, as the <see cref="CheckpointFolder"/> says, is run again, from its beginning.</summary>
    /// <value>Default: it is not.</value>
    public bool RunAgain { get; init; }

    /// <summary>How many flights are read in a second, from each file.</summary>
    /// <value>Default (<see langword="null"/>): as fast as it goes.</value>
    public double? Rate { get; init; }
}
