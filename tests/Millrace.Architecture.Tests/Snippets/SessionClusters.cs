using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

#pragma warning disable CA1848, CA1873 // As a reader writes it.

/// <summary>The code of docs/guides/session-cluster.md.</summary>
internal static class SessionClusters
{
    public static void Worker(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddMillrace().UseCluster();
        var app = builder.Build();
        app.MapMillrace().AllowAnonymous();
        app.Run();
    }

    public static void WhoMay(WebApplication app)
    {
        app.MapMillrace().RequireAuthorization("operators");
    }

    public static async Task SubmitAsync(IMillraceSession session)
    {
        var program = await session.UploadFolderAsync("out");
        var submission = new JobSubmission { Name = "countdown", Parallelism = 2, Arguments = { "1000" }, Settings = { ["Checkpoints:Interval"] = "5s" } };
        var job = await session.SubmitAsync(program.Id, submission);

        _ = job;
    }

    public static async Task UpgradeAsync(IMillraceSession session, IMillraceCluster cluster)
    {
        string savepoint = await cluster.StopWithSavepointAsync("countdown", "savepoints/before-2");
        var next = await session.UploadFolderAsync("out-of-version-2");
        await session.SubmitAsync(next.Id, new JobSubmission { Name = "countdown", RestoreFrom = new RestoreOptions(savepoint), Arguments = { "2000" } });
    }

    public sealed class Countdown(string[] arguments, ILogger<Countdown> logger) : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env)
        {
            logger.LogInformation("Counting to {Last}.", arguments[0]);
            env.FromGenerator(number => number, long.Parse(arguments[0], CultureInfo.InvariantCulture), recordsPerSecond: 10)
                .KeyBy(number => number % 3)
                .Reduce((sum, number) => sum + number)
                .Print();
        }
    }
}
