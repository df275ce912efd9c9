using System.CommandLine;
using BenchmarkDotNet.Running;
using Millrace.Benchmarks.Bdn;
using Millrace.Benchmarks.Modes;

var json = new Option<string?>("--json") { Description = "Also write the results into this file." };
var quick = new Command("quick", "Measure everything in about a minute and compare it with the budgets.") { json };
quick.SetAction(async result =>
{
    await new QuickMode(Console.Out).RunAsync(result.GetValue(json));
    return 0;
});

var gate = new Command("gate", "Check that records cost no allocation in steady state; exit code 1 if they do.");
gate.SetAction(async _ => await new GateMode(Console.Out).RunAsync() ? 0 : 1);

var operators = new Command("operators", "Measure session windows, interval joins and asynchronous calls as whole jobs.");
operators.SetAction(async _ =>
{
    await new OperatorsMode(Console.Out).RunAsync();
    return 0;
});

var waits = new Command("waits", "Measure what users wait for: the start of a job, many small jobs in a process, files.");
waits.SetAction(async _ =>
{
    await new WaitsMode(Console.Out).RunAsync();
    return 0;
});

var tcp = new Command("tcp", "Measure the exchange between two workers over TCP: plain, compressed, and with TLS.");
tcp.SetAction(async _ =>
{
    await new TcpMode(Console.Out).RunAsync();
    return 0;
});

var filter = new Argument<string>("filter") { Description = "Which benchmarks, as a pattern.", DefaultValueFactory = _ => "*" };
var bdn = new Command("bdn", "Run the benchmarks with BenchmarkDotNet.") { filter };
bdn.SetAction(result =>
{
    BenchmarkSwitcher.FromAssembly(typeof(BenchmarkSettings).Assembly).Run(["--filter", result.GetValue(filter)!], new BenchmarkSettings());
    return 0;
});

var records = new Option<long>("--records") { Description = "How many records.", DefaultValueFactory = _ => 100_000_000 };
var soak = new Command("soak", "Run a windowed job for many records and check that memory stays flat; exit code 1 if it does not.") { records };
soak.SetAction(async result => await new SoakMode(Console.Out).RunAsync(result.GetValue(records)) ? 0 : 1);

var entries = new Option<long>("--entries") { Description = "How many entries of about 100 bytes.", DefaultValueFactory = _ => 10_000_000 };
var state = new Command("state", "Measure what a checkpoint of large heap state costs the data path.") { entries };
state.SetAction(async result =>
{
    await new StateMode(Console.Out).RunAsync(result.GetValue(entries));
    return 0;
});

var keys = new Option<int>("--keys") { Description = "How many keys the large state has.", DefaultValueFactory = _ => 10_000_000 };
var budget = new Option<int>("--budget") { Description = "The memory budget of the state, in MB.", DefaultValueFactory = _ => 256 };
var rocksdb = new Command("rocksdb", "Measure keyed state in RocksDB: in the cache, larger than memory, and its checkpoints.") { keys, budget };
rocksdb.SetAction(async result =>
{
    await new RocksDbMode(Console.Out).RunAsync(result.GetValue(keys), (long)result.GetValue(budget) << 20);
    return 0;
});

var megabytes = new Option<long>("--megabytes") { Description = "How much state.", DefaultValueFactory = _ => 1000 };
var folder = new Option<string?>("--folder") { Description = "Where checkpoints go; default: a temporary folder." };
var rounds = new Option<int>("--rounds") { Description = "How many checkpoints are measured.", DefaultValueFactory = _ => 5 };
var checkpoints = new Command("checkpoints", "Measure what checkpoints cost a whole job, and how fast it recovers from them.") { megabytes, folder, rounds };
checkpoints.SetAction(async result =>
{
    await new CheckpointsMode(Console.Out).RunAsync(result.GetValue(megabytes), result.GetValue(folder), result.GetValue(rounds));
    return 0;
});

var root = new RootCommand("Measures Millrace against hand-written code in the same run.") { quick, operators, waits, gate, bdn, soak, state, rocksdb, checkpoints, tcp };
return await root.Parse(args).InvokeAsync();
