#pragma warning disable xUnit1039 // Tuples are what the data are.
using Microsoft.Extensions.Configuration;
using Millrace.Checkpointing;
using Millrace.State.Backends;

namespace Millrace.Tests.Configuration;

/// <summary>Options from configuration, and what is said of a wrong one.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void Configure_EveryKeyOfCheckpoints_IsBound()
    {
        var options = Configure(
            ("Checkpoints:Interval", "10s"),
            ("Checkpoints:Directory", "checkpoints"),
            ("Checkpoints:JobId", "orders-1"),
            ("Checkpoints:Mode", "exactlyonce"),
            ("Checkpoints:Timeout", "5m"),
            ("Checkpoints:MinPause", "500ms"),
            ("Checkpoints:MaxConcurrent", "1"),
            ("Checkpoints:TolerableFailures", "3"),
            ("Checkpoints:Unaligned", "true"),
            ("Checkpoints:AlignedTimeout", "1.5s"),
            ("Checkpoints:IntervalDuringBacklog", "00:01:00"),
            ("Checkpoints:Retained", "4"),
            ("Checkpoints:Retention", "DeleteOnCancellation"),
            ("Checkpoints:InlineThreshold", "1024"),
            ("Checkpoints:RestoreLatest", "false"),
            ("Checkpoints:RunFinishedAgain", "true"),
            ("Checkpoints:RestoreFrom", "savepoints/one"),
            ("Checkpoints:Claim", "claim"),
            ("Checkpoints:AllowNonRestoredState", "true")).Checkpoints;
        Assert.Equal(TimeSpan.FromSeconds(10), options.Interval);
        Assert.Equal($"folder {Path.GetFullPath("checkpoints")}", options.Storage!.Description);
        Assert.Equal("orders-1", options.JobId);
        Assert.Equal(CheckpointMode.ExactlyOnce, options.Mode);
        Assert.Equal(TimeSpan.FromMinutes(5), options.Timeout);
        Assert.Equal(TimeSpan.FromMilliseconds(500), options.MinPause);
        Assert.Equal((1, 3, true), (options.MaxConcurrent, options.TolerableFailures, options.Unaligned));
        Assert.Equal(TimeSpan.FromSeconds(1.5), options.AlignedTimeout);
        Assert.Equal(TimeSpan.FromMinutes(1), options.IntervalDuringBacklog);
        Assert.Equal((4, CheckpointRetention.DeleteOnCancellation, 1024, false), (options.Retained, options.Retention, options.InlineThreshold, options.RestoreLatest));
        Assert.True(options.RunFinishedAgain);
        Assert.Equal(new RestoreOptions("savepoints/one") { Claim = ClaimMode.Claim, AllowNonRestoredState = true }, options.RestoreFrom);
    }

    [Fact]
    public void Configure_EveryOptionOfCheckpoints_HasAKey()
    {
        // Storage is made of Directory, and what is about RestoreFrom stands beside it.
        var error = Refused(("Checkpoints:?", "1"));
        string known = error.Message[error.Message.IndexOf("may have:", StringComparison.Ordinal)..];
        Assert.All(
            typeof(CheckpointOptions).GetProperties().Where(property => property.CanWrite && property.GetMethod!.IsPublic && property.Name != nameof(CheckpointOptions.Storage)),
            property => Assert.Contains(property.Name, known, StringComparison.Ordinal));
    }

    [Fact]
    public void Configure_NothingThere_ChangesNothing()
    {
        var options = new ExecutionOptions { Parallelism = 3, RestartStrategy = RestartStrategy.None() };
        options.Checkpoints.Retained = 7;
        options.Configure(new ConfigurationBuilder().Build().GetSection("Millrace"));
        Assert.Equal((3, RestartStrategy.None(), 7), (options.Parallelism, options.RestartStrategy, options.Checkpoints.Retained));
        Assert.Null(options.Checkpoints.Storage);
    }

    [Fact]
    public void Configure_ScalarsOfExecution_AreBound()
    {
        var options = Configure(
            ("Parallelism", "4"), ("MaxParallelism", "256"), ("BatchSize", "10"), ("ChannelCapacity", "4"), ("BufferTimeout", "10ms"),
            ("AutoWatermarkInterval", "1s"), ("LatencyTrackingInterval", "2s"), ("CancellationTimeout", "1m"), ("OperatorChaining", "false"), ("ConsistentOutput", "true"), ("LocalAggregation", "false"));
        Assert.Equal((4, 256, 10, 4), (options.Parallelism, options.MaxParallelism, options.BatchSize, options.ChannelCapacity));
        Assert.Equal((TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(1)), (options.BufferTimeout, options.AutoWatermarkInterval));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), false), (options.LatencyTrackingInterval, options.CancellationTimeout, options.OperatorChaining));
        Assert.True(options.ConsistentOutput);
        Assert.False(options.LocalAggregation);
    }

    public static TheoryData<string, string> Times => new()
    {
        { "500ms", "00:00:00.5" }, { "10s", "00:00:10" }, { "10 S", "00:00:10" }, { "0.5m", "00:00:30" }, { "2h", "02:00:00" }, { "1d", "1.00:00:00" }, { "00:00:10", "00:00:10" }, { "0s", "00:00:00" },
    };

    [Theory]
    [MemberData(nameof(Times))]
    public void Time_InAnyForm_IsRead(string text, string expected) =>
        Assert.Equal(TimeSpan.Parse(expected, null), Configure(("Checkpoints:MinPause", text)).Checkpoints.MinPause);

    [Theory]
    [InlineData("10")]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("-1s")]
    [InlineData("1,5s")]
    [InlineData("99999999999999d")]
    public void Time_ThatIsNone_NamesTheKeyAndWhatIsExpected(string text) =>
        AssertSays(Refused(("Checkpoints:Interval", text)), $"Millrace:Checkpoints:Interval is '{text}'", "10s");

    [Fact]
    public void Interval_None_TurnsItOff() =>
        Assert.Null(new ExecutionOptions().UseHostedDefaults().Configure(Section(("Checkpoints:Interval", "none"))).Checkpoints.Interval);

    [Theory]
    [InlineData("Checkpoints:Intervall", "Millrace:Checkpoints:Interval")]
    [InlineData("Checkpoints:Dir", "")]
    [InlineData("Checkpoint:Interval", "Millrace:Checkpoints")]
    [InlineData("Checkpoints:MaxConcurent", "Millrace:Checkpoints:MaxConcurrent")]
    [InlineData("Paralelism", "Millrace:Parallelism")]
    public void Key_Unknown_NamesTheNearest(string key, string nearest)
    {
        var error = Refused((key, "1"));
        AssertSays(error, $"Millrace:{key.Split(':')[0]}", "may have:");
        Assert.Equal(nearest.Length > 0, error.Message.Contains($"Is {nearest} meant?", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Checkpoints:Retained", "two", "a whole number")]
    [InlineData("Checkpoints:Unaligned", "yes", "true or false")]
    [InlineData("Checkpoints:Mode", "Twice", "ExactlyOnce, AtLeastOnce")]
    [InlineData("Checkpoints", "10s", "a section")]
    [InlineData("Checkpoints:Claim", "Claim", "Millrace:Checkpoints:RestoreFrom is missing")]
    public void Value_Wrong_SaysWhatIsExpected(string key, string value, string expected) => AssertSays(Refused((key, value)), $"Millrace:{key}", expected);

    [Fact]
    public void Values_ThatDoNotFitEachOther_NameTheSection()
    {
        var error = Assert.Throws<GraphException>(() => Configure(("Checkpoints:Directory", "x"), ("Checkpoints:Retained", "0")));
        Assert.Equal("MR1009", error.Code);
        Assert.Contains("Millrace:Checkpoints: CheckpointOptions: Retained is 0", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<RestartStrategy, (string, string)[]> Strategies => new()
    {
        { RestartStrategy.None(), [("Strategy", "none")] },
        { RestartStrategy.FixedDelay(), [("Strategy", "fixed-delay")] },
        { RestartStrategy.FixedDelay(5, TimeSpan.FromSeconds(2)), [("Strategy", "Fixed-Delay"), ("Attempts", "5"), ("Delay", "2s")] },
        { RestartStrategy.FailureRate(3, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10)), [("Strategy", "failure-rate"), ("MaxFailuresPerInterval", "3"), ("Interval", "5m"), ("Delay", "10s")] },
        { RestartStrategy.ExponentialDelay(), [("Strategy", "exponential-delay")] },
        {
            RestartStrategy.ExponentialDelay(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(2), 2, TimeSpan.FromHours(2), 0.5, 9),
            [("Strategy", "exponential-delay"), ("InitialBackoff", "2s"), ("MaxBackoff", "2m"), ("Multiplier", "2"), ("ResetThreshold", "2h"), ("Jitter", "0.5"), ("MaxAttempts", "9")]
        },
    };

    [Theory]
    [MemberData(nameof(Strategies), DisableDiscoveryEnumeration = true)]
    public void Restart_OfEveryStrategy_IsBound(RestartStrategy expected, (string Key, string Value)[] values) =>
        Assert.Equal(expected, Configure([.. values.Select(pair => ("Restart:" + pair.Key, pair.Value))]).RestartStrategy);

    [Fact]
    public void Restart_Wrong_SaysWhatIsKnown()
    {
        AssertSays(Refused(("Restart:Strategy", "always")), "Millrace:Restart:Strategy is 'always'", "exponential-delay");
        AssertSays(Refused(("Restart:Attempts", "3")), "Millrace:Restart:Strategy is missing");
        AssertSays(Refused(("Restart:Strategy", "exponential-delay"), ("Restart:Attempts", "3")), "Millrace:Restart:Attempts is not known", "With the strategy exponential-delay,", "MaxAttempts");
        AssertSays(Refused(("Restart:Strategy", "exponential-delay"), ("Restart:Multiplier", "0.5")), "Millrace:Restart", "multiplier");
    }

    [Fact]
    public void State_Backend_IsFoundByName()
    {
        var registry = MillraceConfiguration.Backends;
        string name = $"test-{Guid.NewGuid():N}";
        var backend = new TestBackend();
        string? given = null;
        registry.Add(name, section =>
        {
            given = section["Directory"];
            return backend;
        });
        Assert.Same(backend, Configure(("State:Backend", name.ToUpperInvariant()), ("State:Directory", "/data")).StateBackend);
        Assert.Equal("/data", given);
        Assert.Null(Configure(("State:Backend", "heap")).StateBackend);
        AssertSays(Refused(("State:Backend", "rocks")), "Millrace:State:Backend is 'rocks'", "heap", "MillraceConfiguration.Backends.Add(\"rocks\"");
        AssertSays(Refused(("State:Backend", "heap"), ("State:Directory", "/data")), "Millrace:State:Directory is not known");
        AssertSays(Refused(("State:Directory", "/data")), "Millrace:State:Backend is missing");
        Assert.Throws<ArgumentException>(() => registry.Add("Heap", _ => backend));

        registry.Add(name, _ => throw new IOException("no room"));
        AssertSays(Refused(("State:Backend", name)), "Millrace:State:Backend", "no room");
    }

    [Fact]
    public void Checkpoints_Directory_MayBeAnUri()
    {
        string scheme = $"s{Guid.NewGuid():N}";
        var storage = new DirectoryCheckpointStorage("elsewhere");
        MillraceConfiguration.Storages.Add(scheme, section => section["Directory"] == $"{scheme}://bucket/x" ? storage : throw new InvalidOperationException("another section"));
        Assert.Same(storage, Configure(("Checkpoints:Directory", $"{scheme}://bucket/x")).Checkpoints.Storage);
        Assert.Equal("folder /var/lib/x", Configure(("Checkpoints:Directory", "file:///var/lib/x")).Checkpoints.Storage!.Description);
        AssertSays(Refused(("Checkpoints:Directory", "gopher://x")), "Millrace:Checkpoints:Directory is 'gopher://x'", "Storages.Add(\"gopher\"");
    }

    [Fact]
    public void HostedDefaults_FillWhatIsNotSet()
    {
        var options = new ExecutionOptions().UseHostedDefaults();
        Assert.Equal(TimeSpan.FromSeconds(10), options.Checkpoints.Interval);
        Assert.Equal(RestartStrategy.ExponentialDelay(), options.RestartStrategy);
        Assert.StartsWith("folder ", options.Checkpoints.Storage!.Description, StringComparison.Ordinal);
        Assert.EndsWith($"{Path.DirectorySeparatorChar}Millrace.Tests", options.Checkpoints.Storage.Description, StringComparison.Ordinal);

        var storage = new DirectoryCheckpointStorage("mine");
        options = new ExecutionOptions { RestartStrategy = RestartStrategy.None() };
        options.Checkpoints.Storage = storage;
        options.Checkpoints.Interval = TimeSpan.FromMinutes(1);
        options.UseHostedDefaults();
        Assert.Equal((storage, TimeSpan.FromMinutes(1), RestartStrategy.None()), (options.Checkpoints.Storage, options.Checkpoints.Interval, options.RestartStrategy));

        Assert.Equal(Path.Combine("millrace-checkpoints", "Orders"), MillraceConfiguration.HostedDirectory("", "Orders"));
        Assert.Equal(Path.Combine("/home/x", "millrace", "Orders"), MillraceConfiguration.HostedDirectory("/home/x", "Orders"));
    }

    private static IConfiguration Section(params (string Key, string Value)[] values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(pair => new KeyValuePair<string, string?>("Millrace:" + pair.Key, pair.Value)))
        .Build()
        .GetSection("Millrace");

    private static ExecutionOptions Configure(params (string Key, string Value)[] values) => new ExecutionOptions().Configure(Section(values));

    private static GraphException Refused(params (string Key, string Value)[] values)
    {
        var error = Assert.Throws<GraphException>(() => Configure(values));
        Assert.Equal("MR1010", error.Code);
        return error;
    }

    private static void AssertSays(GraphException error, params string[] parts) => Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));

    private sealed class TestBackend : StateBackend
    {
        public override string Name => "test";

        public override KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context) => throw new NotSupportedException();
    }
}
