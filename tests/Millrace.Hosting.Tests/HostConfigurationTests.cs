using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Connectors;

namespace Millrace.Hosting.Tests;

/// <summary>Options of jobs from all that configures a host, and what is said of a wrong one.</summary>
public sealed class HostConfigurationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Options_ComeFromCodeConfigurationAndTheJobsSection_TheLaterBeforeTheEarlier()
    {
        // The prefix keeps the variable from the hosts of other tests.
        const string Prefix = "MILLRACE_HOSTING_TESTS_";
        const string Variable = $"{Prefix}Millrace__Jobs__both__ChannelCapacity";
        Environment.SetEnvironmentVariable(Variable, "7");
        try
        {
            var builder = TestHosts.Create(
                ["--Millrace:Jobs:BOTH:MaxParallelism=64"],
                ("Millrace:BatchSize", "50"),
                ("Millrace:ChannelCapacity", "5"),
                ("Millrace:Parallelism", "3"),
                ("Millrace:Jobs:both:Parallelism", "2"),
                ("Millrace:Jobs:both:MaxParallelism", "32"));
            builder.Configuration.AddEnvironmentVariables(Prefix);
            var seen = new Dictionary<string, ExecutionOptions>();
            builder.AddMillrace()
                .AddJob("both", Keep("both"), Configure)
                .AddJob("one", Keep("one"), Configure);
            using var host = builder.Build();
            await host.StartAsync(Cancellation);
            await host.StopAsync(Cancellation);
            Assert.Equal((50, 7, 2, 64), (seen["both"].BatchSize, seen["both"].ChannelCapacity, seen["both"].Parallelism, seen["both"].MaxParallelism));
            Assert.Equal((50, 5, 3), (seen["one"].BatchSize, seen["one"].ChannelCapacity, seen["one"].Parallelism));
            Assert.All(seen.Values, options => Assert.Equal((TimeSpan.FromMilliseconds(77), TimeSpan.FromSeconds(10)), (options.BufferTimeout, options.Checkpoints.Interval!.Value)));

            Action<StreamExecutionEnvironment> Keep(string name) => env =>
            {
                seen[name] = env.Options;
                env.FromSequence(1, 3).Discard();
            };

            static void Configure(ExecutionOptions options)
            {
                TestHosts.InMemory(options);
                options.BatchSize = 10;
                options.BufferTimeout = TimeSpan.FromMilliseconds(77);
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }
    }

    [Theory]
    [InlineData("Millrace:Paralellism", "2", "Is Millrace:Parallelism meant?")]
    [InlineData("Millrace:Checkpoint:Interval", "2s", "Is Millrace:Checkpoints meant?")]
    [InlineData("Millrace:Jobs:job:Checkpoints:Intervall", "2s", "Is Millrace:Jobs:job:Checkpoints:Interval meant?")]
    [InlineData("Millrace:Jobs:jobb:Parallelism", "2", "Is Millrace:Jobs:job meant? The host has no job of that name.")]
    [InlineData("Millrace:Host:Shutdwon", "Cancel", "Is Millrace:Host:Shutdown meant?")]
    [InlineData("Millrace:Host:Shutdown", "gently", "expected is one of Cancel, Savepoint, Drain.")]
    [InlineData("Millrace:Jobs:job:Host:Shutdown", "Cancel", "Millrace:Jobs:job:Host is not known.")]
    [InlineData("Millrace:Checkpoints:Interval", "10", "expected is a time such as")]
    [InlineData("Millrace:Host:DegradedAfterIntervals", "0", "expected is a number from 1.")]
    [InlineData("Millrace:Jobs", "job", "expected is a section with the names of jobs")]
    public async Task Key_ThatIsWrong_KeepsTheHostDownAndSaysWhereItStands(string key, string value, string said)
    {
        var builder = TestHosts.Create([$"--{key}={value}"], ("Other:Key", "1"));
        bool started = false;
        builder.AddMillrace()
            .AddJob("first", env => env.FromSequence(1, 3).ForEach(_ => started = true), TestHosts.InMemory)
            .AddJob("job", env => env.FromSequence(1, 3).ForEach(_ => started = true), TestHosts.InMemory);
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<GraphException>(() => host.StartAsync(Cancellation));
        Assert.Equal("MR1010", error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("It comes from CommandLineConfigurationProvider.", error.Message, StringComparison.Ordinal);
        Assert.False(started);
        Assert.False(host.Services.GetRequiredService<IMillraceJobs>().TryGet("first", out _));
    }

    [Fact]
    public async Task Graph_ThatIsWrong_KeepsTheHostDownBeforeAnyJobStarts()
    {
        var builder = TestHosts.Create();
        builder.AddMillrace().AddJob("good", env => env.FromSequence(1, 3).Discard(), TestHosts.InMemory).AddJob("empty", _ => { }, TestHosts.InMemory);
        using var host = builder.Build();
        await Assert.ThrowsAsync<GraphException>(() => host.StartAsync(Cancellation));
        Assert.False(host.Services.GetRequiredService<IMillraceJobs>().TryGet("good", out _));
    }

    [Fact]
    public async Task Jobs_ThatWouldShareCheckpoints_AreRefused()
    {
        var builder = TestHosts.Create(("Millrace:Checkpoints:JobId", "same"));
        builder.AddMillrace().AddJob("one", env => env.FromSequence(1, 3).Discard(), TestHosts.InMemory).AddJob("two", env => env.FromSequence(1, 3).Discard(), TestHosts.InMemory);
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<GraphException>(() => host.StartAsync(Cancellation));
        Assert.Contains("'one' and 'two' both keep their checkpoints as 'same'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Defaults_OfAHost_AreCheckpointsInTheConfiguredFolderAndRestarts()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"millrace-{Guid.NewGuid():N}");
        try
        {
            var builder = TestHosts.Create(("Millrace:Checkpoints:Directory", folder));
            ExecutionOptions? options = null;
            builder.AddMillrace().AddJob("job", env =>
            {
                options = env.Options;
                env.FromSource(new ChannelSource<int>()).Discard();
            });
            using var host = builder.Build();
            await host.StartAsync(Cancellation);
            await host.Services.GetRequiredService<IMillraceJobs>()["job"].TriggerWhenRunningAsync();
            await host.StopAsync(Cancellation);
            Assert.Equal(TimeSpan.FromSeconds(10), options!.Checkpoints.Interval);
            Assert.NotNull(options.RestartStrategy);
            Assert.NotEmpty(Directory.GetFileSystemEntries(Path.Combine(folder, "job")));
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
