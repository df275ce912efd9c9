using Millrace.Simulation.Engine;
using Millrace.Simulation.Jobs;
using Millrace.Simulation.Terminal;

namespace Millrace.Simulation.Tests;

/// <summary>The program: what it says, and how it ends.</summary>
public sealed class SeedRunsTests
{
    [Fact]
    public void Replay_WritesTheLogAndHowItWent()
    {
        using var output = new StringWriter();
        Assert.Equal(CommandLine.Good, SeedRuns.Replay(6, Repertoire.First, new SimulatedEngine(), output));
        string[] lines = output.ToString().TrimEnd().Split('\n');

        // One run of the job, and one start of the finished job that does nothing.
        Assert.StartsWith("seed 6: ok (2 starts, ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("committed transaction", StringComparison.Ordinal));
    }

    [Fact]
    public void RunRange_WritesASummary()
    {
        using var output = new StringWriter();
        Assert.Equal(CommandLine.Good, SeedRuns.RunRange(10, 20, 2, Repertoire.All, new SimulatedEngine(), output, TextWriter.Null, CancellationToken.None));
        Assert.Equal("20 seeds, 0 failed", output.ToString().TrimEnd());
    }

    [Fact]
    public void RunRange_SeedsThatFail_GetALineEach()
    {
        using var output = new StringWriter();
        Assert.Equal(CommandLine.Failed, SeedRuns.RunRange(10, 3, 1, Repertoire.All, new Broken(), output, TextWriter.Null, CancellationToken.None));
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal(
            ["seed 10: InvalidOperationException: broken in two lines", "seed 11: InvalidOperationException: broken in two lines", "seed 12: InvalidOperationException: broken in two lines", "3 seeds, 3 failed"],
            lines.Select(line => line.TrimEnd()));
    }

    [Fact]
    public void RunRange_Cancelled_SaysHowFarItCame()
    {
        using var output = new StringWriter();
        Assert.Equal(
            CommandLine.Cancelled, SeedRuns.RunRange(0, 1_000, 1, Repertoire.All, new SimulatedEngine(), output, TextWriter.Null, new CancellationToken(canceled: true)));
        Assert.Equal("0 seeds, 0 failed; stopped before the end", output.ToString().TrimEnd());
    }

    [Theory]
    [InlineData]
    [InlineData("--seed", "1", "--seeds", "2")]
    [InlineData("--seeds", "0")]
    [InlineData("--seed", "x")]
    [InlineData("--seed", "1", "--repertoire", "Second")]
    [InlineData("--seeds", "1", "--threads", "0")]
    public void Run_WrongOptions_AreRefused(params string[] args) => Assert.Equal(CommandLine.BadInput, CommandLine.Run(args));

    private sealed class Broken : ISimulatedEngine
    {
        public bool IsFaultTolerant => false;

        public ISimulatedRun Start(SimulatedStart start) => throw new InvalidOperationException("broken\nin two lines");
    }
}
