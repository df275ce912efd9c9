using System.CommandLine;
using System.Text.Json;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Queries;
using Millrace.Nexmark.Running;
using Millrace.State;

var query = new Option<string>("--query") { Description = $"Which query ({string.Join(", ", AllQueries.All.Select(one => one.Name))}), several with commas between them, or all.", DefaultValueFactory = _ => "all" };
var events = new Option<long>("--events") { Description = "How many events.", DefaultValueFactory = _ => 10_000_000 };
var parallelism = new Option<int>("--parallelism") { Description = "Subtasks of every operator.", DefaultValueFactory = _ => Environment.ProcessorCount };
var backend = new Option<string>("--backend") { Description = "Where state is kept.", DefaultValueFactory = _ => "heap" };
backend.AcceptOnlyFromAmong("heap", "rocksdb");
var interval = new Option<double>("--checkpoint-interval") { Description = "Seconds between checkpoints; 0 for none.", DefaultValueFactory = _ => 10 };
var tps = new Option<double?>("--tps") { Description = "Events a second, to measure latency; as many as there can be where it is left out." };
var warmup = new Option<long>("--warmup") { Description = "How many events are run through each query before it is measured.", DefaultValueFactory = _ => 1_000_000 };
var seed = new Option<ulong>("--seed") { Description = "Which events.", DefaultValueFactory = _ => 1 };
var rate = new Option<double>("--event-rate") { Description = "Events in a second of event time, where --tps does not say it.", DefaultValueFactory = _ => 10_000_000 };
var disorder = new Option<int>("--out-of-order-group") { Description = "Events come in another order within groups of so many.", DefaultValueFactory = _ => 1 };
var handWritten = new Option<bool>("--hand-written") { Description = "Run hand-written loops beside the queries, and compare." };
Require(events, value => value > 0, "at least 1");
Require(parallelism, value => value > 0, "at least 1");
Require(interval, value => value >= 0, "0 or more");
Require(tps, value => value is null or > 0, "more than 0");
Require(warmup, value => value >= 0, "0 or more");
Require(rate, value => value > 0, "more than 0");
Require(disorder, value => value > 0 && value % NexmarkGenerator.Shuffle != 0, $"at least 1, and no multiple of {NexmarkGenerator.Shuffle}");
var json = new Option<string?>("--json") { Description = "Also write the results into this file." };
var list = new Command("list", "Say what each query asks.");
list.SetAction(_ =>
{
    foreach (var one in AllQueries.All)
    {
        Console.WriteLine($"{one.Name,-5} {one.Description}");
    }
});

var root = new RootCommand("Runs the Nexmark queries in this process, and measures them.") { query, events, parallelism, backend, interval, tps, warmup, seed, rate, disorder, handWritten, json, list };
root.SetAction(async (result, cancellationToken) =>
{
    string names = result.GetValue(query)!;
    List<NexmarkQuery> queries;
    try
    {
        queries = [.. names == "all" ? AllQueries.All : names.Split(',').Select(name => AllQueries.Named(name.Trim()))];
    }
    catch (ArgumentException error)
    {
        await Console.Error.WriteLineAsync(error.Message);
        return 1;
    }

    double seconds = result.GetValue(interval);
    using var run = new QueryRun(
        new RunOptions
        {
            Generator = new GeneratorOptions
            {
                Events = result.GetValue(events),
                Seed = result.GetValue(seed),
                EventsPerSecond = result.GetValue(rate),
                Tps = result.GetValue(tps),
                OutOfOrderGroup = result.GetValue(disorder),
            },
            Parallelism = result.GetValue(parallelism),
            Backend = result.GetValue(backend) == "rocksdb" ? () => new RocksDbStateBackend() : null,
            CheckpointInterval = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
            Warmup = result.GetValue(warmup),
            HandWritten = result.GetValue(handWritten),
        },
        Console.Error);
    var table = new Table(Console.Out);
    if (result.GetValue(handWritten))
    {
        table.WriteGenerator(run.MeasureLoop("generator"));
    }

    table.WriteHead();
    var measured = new List<Figures>();
    foreach (var one in queries)
    {
        var figures = await run.MeasureAsync(one, cancellationToken);
        measured.Add(figures);
        table.Write(figures);
    }

    if (result.GetValue(json) is { } path)
    {
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(measured, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true }), cancellationToken);
    }

    return 0;
});
return await root.Parse(args).InvokeAsync();

static void Require<T>(Option<T> option, Func<T?, bool> isGood, string expected) => option.Validators.Add(result =>
{
    if (!isGood(result.GetValueOrDefault<T>()))
    {
        result.AddError($"{option.Name} must be {expected}.");
    }
});
