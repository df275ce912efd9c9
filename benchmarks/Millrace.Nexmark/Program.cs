using System.CommandLine;
using System.Runtime;
using System.Text.Json;
using Millrace;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Queries;
using Millrace.Nexmark.Running;
using Millrace.State;

// As a job should that has to answer within milliseconds: otherwise gaps between the objects of the oldest generation are closed while everything stands still, a tenth of a second with a gigabyte of state.
GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;

var query = new Option<string>("--query") { Description = $"Which query ({string.Join(", ", AllQueries.All.Select(one => one.Name))}), several with commas between them, or all.", DefaultValueFactory = _ => "all" };
var events = new Option<long>("--events") { Description = "How many events.", DefaultValueFactory = _ => 10_000_000 };
var parallelism = new Option<int>("--parallelism") { Description = "Subtasks of every operator.", DefaultValueFactory = _ => Environment.ProcessorCount };
var bufferTimeout = new Option<double?>("--buffer-timeout") { Description = "How many milliseconds a partly filled batch waits in a task that is never idle. Default: 0 with --tps, else 100." };
var batchSize = new Option<int>("--batch-size") { Description = "The most records of a batch.", DefaultValueFactory = _ => new ExecutionOptions().BatchSize };
var backend = new Option<string>("--backend") { Description = "Where state is kept.", DefaultValueFactory = _ => "heap" };
backend.AcceptOnlyFromAmong("heap", "rocksdb");
var interval = new Option<double>("--checkpoint-interval") { Description = "Seconds between checkpoints; 0 for none.", DefaultValueFactory = _ => 10 };
var tps = new Option<double?>("--tps") { Description = "Events a second, to measure latency; as many as there can be where it is left out." };
var warmup = new Option<long>("--warmup") { Description = "How many events are run through each query, again and again until the compiler is done with them (10 s at most), before it is measured; 0 for no warm-up.", DefaultValueFactory = _ => 1_000_000 };
var rounds = new Option<int>("--rounds") { Description = "How often each query is measured; the fastest round counts.", DefaultValueFactory = _ => 1 };
var seed = new Option<ulong>("--seed") { Description = "Which events.", DefaultValueFactory = _ => 1 };
var rate = new Option<double>("--event-rate") { Description = "Events in a second of event time, where --tps does not say it.", DefaultValueFactory = _ => 10_000_000 };
var disorder = new Option<int>("--out-of-order-group") { Description = "Events come in another order within groups of so many.", DefaultValueFactory = _ => 1 };
var handWritten = new Option<bool>("--hand-written") { Description = "Run hand-written loops beside the queries, and compare." };
Require(events, value => value > 0, "at least 1");
Require(parallelism, value => value > 0, "at least 1");
Require(bufferTimeout, value => value is null or (>= 0 and <= 60_000), "from 0 to 60,000");
Require(batchSize, value => value is > 0 and <= 65_536, "from 1 to 65,536");
Require(interval, value => value >= 0, "0 or more");
Require(tps, value => value is null or > 0, "more than 0");
Require(warmup, value => value >= 0, "0 or more");
Require(rounds, value => value > 0, "at least 1");
Require(rate, value => value > 0, "more than 0");
Require(disorder, value => value > 0 && value % NexmarkGenerator.Shuffle != 0, $"at least 1, and no multiple of {NexmarkGenerator.Shuffle}");
var input = new Option<string?>("--input") { Description = "Read events from this file or folder, as generate has written them, instead of making them. Give the other options that it was given." };
var output = new Option<string?>("--output") { Description = "Write the results into files in this folder, a folder for each query, instead of only looking at them." };
var json = new Option<string?>("--json") { Description = "Also write the results into this file." };
var list = new Command("list", "Say what each query asks.");
list.SetAction(_ =>
{
    foreach (var one in AllQueries.All)
    {
        Console.WriteLine($"{one.Name,-5} {one.Description}");
    }
});

var format = new Option<string>("--format") { Description = "How events stand in the files.", DefaultValueFactory = _ => EventFiles.Formats[0] };
format.AcceptOnlyFromAmong([.. EventFiles.Formats]);
var folder = new Option<string>("--output") { Description = "The folder for the files. Events that are in it are replaced.", Required = true };
var generate = new Command("generate", "Write the events into files, in their order.") { events, seed, rate, disorder, format, folder };
generate.SetAction(async (result, cancellationToken) =>
{
    var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
    EventFiles.Write(env, new NexmarkGenerator(EventsOf(result) with { Lanes = 1 }), result.GetValue(folder)!, result.GetValue(format)!);
    await env.ExecuteAsync("generate", cancellationToken);
    Console.WriteLine($"{result.GetValue(events):N0} events are in {Path.GetFullPath(result.GetValue(folder)!)}.");
    return 0;
});

var guard = new Command("guard", "Compare with the hand-written loops in less than a minute, and fail where a query has become slower by a factor, or the engine allocates.");
guard.SetAction(async (_, cancellationToken) => await new Guard(Console.Out).RunAsync(cancellationToken) ? 0 : 1);

var root = new RootCommand("Runs the Nexmark queries embedded, each in a process of its own, and measures them.") { query, events, parallelism, batchSize, bufferTimeout, backend, interval, tps, warmup, rounds, seed, rate, disorder, handWritten, input, output, json, list, generate, guard };
root.Validators.Add(result =>
{
    if (result.GetValue(input) is null)
    {
        return;
    }

    if (result.GetValue(tps) is not null || result.GetValue(handWritten))
    {
        result.AddError($"{tps.Name} and {handWritten.Name} are for events that are made, and cannot be given with {input.Name}.");
    }
});
root.SetAction(async (result, cancellationToken) =>
{
    string names = result.GetValue(query)!;
    List<NexmarkQuery> queries;
    try
    {
        if (result.GetValue(input) is { } from)
        {
            EventFiles.FormatAt(from);
        }

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
            Generator = EventsOf(result) with { Tps = result.GetValue(tps) },
            Input = result.GetValue(input),
            Output = result.GetValue(output),
            Parallelism = result.GetValue(parallelism),
            BatchSize = result.GetValue(batchSize),
            BufferTimeout = result.GetValue(bufferTimeout) is { } wait ? TimeSpan.FromMilliseconds(wait) : RunOptions.BufferTimeoutAt(result.GetValue(tps)),
            Backend = result.GetValue(backend) == "rocksdb" ? () => new RocksDbStateBackend() : null,
            CheckpointInterval = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
            Warmup = result.GetValue(warmup),
            Rounds = result.GetValue(rounds),
            HandWritten = result.GetValue(handWritten),
        },
        Console.Error);
    var table = new Table(Console.Out);
    table.WriteHead();
    var measured = new List<Figures>();
    foreach (var one in queries)
    {
        Figures figures;
        try
        {
            figures = queries.Count == 1 ? await run.MeasureAsync(one, cancellationToken) : await new QueryProcess(args).MeasureAsync(one.Name, cancellationToken);
        }
        catch (InvalidOperationException error) when (queries.Count > 1)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }

        measured.Add(figures);
        table.Write(figures);
    }

    if (result.GetValue(json) is { } path)
    {
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(measured, QueryProcess.Json), cancellationToken);
    }

    return 0;
});
return await root.Parse(args).InvokeAsync();

GeneratorOptions EventsOf(ParseResult result) => new()
{
    Events = result.GetValue(events),
    Seed = result.GetValue(seed),
    EventsPerSecond = result.GetValue(rate),
    OutOfOrderGroup = result.GetValue(disorder),
};

static void Require<T>(Option<T> option, Func<T?, bool> isGood, string expected) => option.Validators.Add(result =>
{
    if (!isGood(result.GetValueOrDefault<T>()))
    {
        result.AddError($"{option.Name} must be {expected}.");
    }
});
