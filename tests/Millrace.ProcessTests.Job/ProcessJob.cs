using Millrace.Connectors;
using Millrace.Windowing;

namespace Millrace.ProcessTests;

/// <summary>How the program is started.</summary>
/// <param name="Name">The job's name, also a prefix of its tables.</param>
/// <param name="Folder">Where checkpoints and result files are.</param>
/// <param name="Parallelism">How many subtasks.</param>
/// <param name="Events">How many events each source has.</param>
/// <param name="Rate">How many of them it emits in a second.</param>
/// <param name="Unaligned">Whether barriers overtake.</param>
/// <param name="DeathPoint">When it ends itself.</param>
/// <param name="Occurrence">The how manieth time, from 1.</param>
/// <param name="Postgres">The connection string of the server; empty for none.</param>
public sealed record ProcessJobOptions(
    string Name, string Folder, int Parallelism, long Events, double Rate, bool Unaligned, DeathPoint DeathPoint, int Occurrence, string Postgres)
{
    /// <summary>As command line.</summary>
    /// <returns>The arguments.</returns>
    public string[] ToArguments() =>
        [Name, Folder, $"{Parallelism}", $"{Events}", FormattableString.Invariant($"{Rate}"), $"{Unaligned}", $"{DeathPoint}", $"{Occurrence}", Postgres];

    internal static ProcessJobOptions FromArguments(string[] args) => new(
        args[0],
        args[1],
        int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture),
        long.Parse(args[3], System.Globalization.CultureInfo.InvariantCulture),
        double.Parse(args[4], System.Globalization.CultureInfo.InvariantCulture),
        bool.Parse(args[5]),
        Enum.Parse<DeathPoint>(args[6]),
        int.Parse(args[7], System.Globalization.CultureInfo.InvariantCulture),
        args[8]);
}

/// <summary>Two sources, keyed state, windows, timers; each result into files, and into PostgreSQL by every mechanism that it has.</summary>
internal sealed class ProcessJob(ProcessJobOptions options, Death death)
{
    public void Build(StreamExecutionEnvironment env)
    {
        var watermarks = WatermarkStrategy<Event>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Event.Disorder)).WithTimestampAssigner(value => value.Time);

        // One subtask each, so that the order is kept whatever the parallelism of the rest.
        var first = env.FromGenerator(position => Event.At(0, position), options.Events, options.Rate, watermarks).Parallelism(1).Uid("first");
        var second = env.FromGenerator(position => Event.At(1, position), options.Events, options.Rate, watermarks).Parallelism(1).Uid("second");
        var byKey = first.Union(second).KeyBy(value => value.Key);
        var windows = byKey.Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Aggregate(() => new AddUp(), () => new WithKeyAndWindow()).Uid("windows");
        var totals = byKey.Process(() => new RunningTotals()).Uid("totals");

        windows.SinkTo(Dying(Files<WindowSum>("windows"))).Uid("windows-files");
        totals.SinkTo(Dying(Files<RunningTotal>("totals"))).Uid("totals-files");
        if (options.Postgres.Length == 0)
        {
            return;
        }

        var windowTable = PostgresTable<WindowSum>.Named($"{options.Name}_windows")
            .Column("key", row => row.Key).Column("start", row => row.Start).Column("events", row => row.Events).Column("sum", row => row.Sum);
        windows.SinkTo(Dying(Postgres(windowTable, PostgresDelivery.ExactlyOnceStaged))).Uid("windows-staged");
        totals.SinkTo(Dying(Postgres(Totals($"{options.Name}_totals"), PostgresDelivery.ExactlyOnce))).Uid("totals-prepared");
        totals.SinkTo(Dying(Postgres(Totals($"{options.Name}_latest").Key("key"), PostgresDelivery.ExactlyOnce))).Uid("totals-upserted");
    }

    private static PostgresTable<RunningTotal> Totals(string table) => PostgresTable<RunningTotal>.Named(table)
        .Column("key", row => row.Key).Column("time", row => row.Time).Column("events", row => row.Events).Column("sum", row => row.Sum);

    private FileSink<T> Files<T>(string name) =>
        new(Path.Combine(options.Folder, name), JsonFormat.Lines<T>(), new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append });

    private PostgresSink<T> Postgres<T>(PostgresTable<T> table, PostgresDelivery delivery) =>
        new(options.Postgres, table, new PostgresSinkOptions { Delivery = delivery, CreateTableIfMissing = true });

    private DyingSink<T, TCommittable> Dying<T, TCommittable>(CommittingSink<T, TCommittable> sink) => new(sink, death);
}
