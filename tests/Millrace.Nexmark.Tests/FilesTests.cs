using System.Collections.Concurrent;
using System.Text.Json;
using Millrace.Connectors;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Model;
using Millrace.Nexmark.Queries;
using Millrace.Nexmark.Running;

namespace Millrace.Nexmark.Tests;

/// <summary>Events from files are those of the generator, and files of results have what a query finds.</summary>
public sealed class FilesTests : IDisposable
{
    // Half an hour, so that there are several minutes.
    private static readonly GeneratorOptions Options = new() { Events = 6_000, EventsPerSecond = 20, OutOfOrderGroup = 100, Seed = 9, Lanes = 1 };

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-nexmark-tests-").FullName;

    public static TheoryData<string> Formats { get; } = [.. EventFiles.Formats];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Events_from_files_are_those_that_were_written(string format)
    {
        await WriteAsync(format);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        var read = new ConcurrentQueue<NexmarkEvent>();
        EventFiles.Read(env, _folder, watermarks: null).SinkTo(new CallbackSink<NexmarkEvent>(read.Enqueue));
        await env.ExecuteAsync("read", TestContext.Current.CancellationToken);
        Assert.Equal(Events().OrderBy(e => e.DateTime).ThenBy(e => $"{e}"), read.OrderBy(e => e.DateTime).ThenBy(e => $"{e}"));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_query_finds_the_same_in_events_from_files(string format)
    {
        await WriteAsync(format);
        foreach (var oracle in Oracles.All.Where(oracle => oracle.Query is Q5 or Q9 or Q20))
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
            var difference = oracle.Declare(new NexmarkInput(env, new NexmarkGenerator(Options), oracle.Query.HasEventTime, _folder));
            await env.ExecuteAsync(oracle.Query.Name, TestContext.Current.CancellationToken);
            Assert.Null(difference(new World(Events())));
        }
    }

    [Fact]
    public async Task Writing_events_again_replaces_them()
    {
        await WriteAsync("jsonl");
        await WriteAsync("jsonl");
        Assert.Equal(Options.Events, File.ReadLines(Assert.Single(Directory.GetFiles(_folder))).Count());
    }

    [Fact]
    public void A_folder_without_events_is_an_error_that_says_what_was_expected()
    {
        var error = Assert.Throws<ArgumentException>(() => EventFiles.FormatAt(_folder));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
        Assert.Contains(".jsonl or .parquet", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clock", "'clock' is no event: 'person', 'auction' or 'bid' was expected.")]
    [InlineData("bid", "The field 'Auction' is empty, which bid must have.")]
    [InlineData("person", "The field 'Id' is empty, which person must have.")]
    public void A_row_that_is_no_event_says_why(string kind, string expected)
    {
        var row = new EventRow { Event = kind, DateTime = 1, Extra = "" };
        Assert.Equal(expected, Assert.Throws<FormatException>(() => row.ToEvent()).Message);
    }

    [Fact]
    public async Task Results_in_lines_of_JSON_have_their_fields_and_nothing_else()
    {
        await RunAsync(new Q9());
        string[] lines = [.. Directory.GetFiles(_folder, "*.jsonl").SelectMany(File.ReadAllLines)];
        Assert.Equal(Oracles.All.Single(oracle => oracle.Query is Q9).Texts(new World(Events())).Count, lines.Length);
        using var first = JsonDocument.Parse(lines[0]);
        Assert.Equal(["auction", "bid"], first.RootElement.EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task Q10_writes_every_bid_into_the_folder_of_its_minute()
    {
        await RunAsync(new Q10());
        var bids = Events().Where(e => e.IsBid).Select(e => e.Bid).ToList();
        var minutes = bids.GroupBy(bid => DateTime.UnixEpoch.AddMilliseconds(bid.DateTime).ToString("'dt='yyyy-MM-dd'/hm='HHmm", null)).ToList();
        Assert.Equal(5, minutes.Count);
        foreach (var minute in minutes)
        {
            // Behind a head in each file.
            var rows = Directory.GetFiles(Path.Combine(_folder, minute.Key), "*.csv").SelectMany(file => File.ReadLines(file).Skip(1));
            Assert.Equal(
                minute.Select(bid => $"{bid.Auction},{bid.Bidder},{bid.Price},{bid.DateTime}").Order(), rows.Select(row => string.Join(',', row.Split(',').Take(4))).Order());
        }
    }

    private static IEnumerable<NexmarkEvent> Events()
    {
        var generator = new NexmarkGenerator(Options);
        return Enumerable.Range(0, (int)Options.Events).Select(place => generator.Make(place));
    }

    private async Task WriteAsync(string format)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        EventFiles.Write(env, new NexmarkGenerator(Options), _folder, format);
        await env.ExecuteAsync("generate", TestContext.Current.CancellationToken);
    }

    private async Task RunAsync(NexmarkQuery query)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        query.Declare(new NexmarkInput(env, new NexmarkGenerator(Options), query.HasEventTime), new FileResults(_folder));
        await env.ExecuteAsync(query.Name, TestContext.Current.CancellationToken);
    }
}
