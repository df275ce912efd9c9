using System.Globalization;
using Millrace;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace FlightDelays.Terminal;

/// <summary>Shows how far a running job is: a live table in a terminal; elsewhere a line with the first result, and then one a second.</summary>
public static class Progress
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstResultInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Shows the job until it has ended, however it does.</summary>
    /// <param name="client">The job.</param>
    /// <param name="checkpoints">What is known of its checkpoints.</param>
    /// <param name="console">Where to.</param>
    /// <returns>Complete when the job has ended.</returns>
    public static async Task ShowAsync(JobClient client, CheckpointNews checkpoints, IAnsiConsole console)
    {
        if (IsLive(console))
        {
            await console.Live(Live(client.GetMetrics(), 0, checkpoints)).StartAsync(
                context => WatchAsync(client, LiveInterval, (metrics, rate) => context.UpdateTarget(Live(metrics, rate, checkpoints))));
        }
        else
        {
            await WatchAsync(client, PlainInterval, (metrics, rate) => Console.Out.WriteLine(Line(metrics, rate)));
        }
    }

    /// <summary>Whether a table can be shown that changes in its place.</summary>
    /// <param name="console">Where to.</param>
    /// <returns>Whether it is a terminal.</returns>
    public static bool IsLive(IAnsiConsole console) => console.Profile.Out.IsTerminal && !Console.IsOutputRedirected;

    private static async Task WatchAsync(JobClient client, TimeSpan interval, Action<JobMetrics, double> show)
    {
        var last = client.GetMetrics();
        await FirstResultAsync(client, interval);
        while (true)
        {
            if (client.State == JobState.Failed)
            {
                // What went wrong is said elsewhere.
                return;
            }

            if (client.Completion.IsCompletedSuccessfully && (await client.Completion).FinishedBefore is not null)
            {
                // Nothing has run that there were anything to show of.
                return;
            }

            var now = client.GetMetrics();
            if (client.Completion.IsCompleted)
            {
                // At the end the rate of the whole run: the last interval is a rest, and says nothing.
                show(now, now.RecordsRead / now.Elapsed.TotalSeconds);
                return;
            }

            // Less than before after a restart: operators count anew.
            show(now, Math.Max(0, now.RecordsRead - last.RecordsRead) / (now.Elapsed - last.Elapsed).TotalSeconds);
            last = now;
            await Task.WhenAny(client.Completion, Task.Delay(interval, TimeProvider.System));
        }
    }

    private static async Task FirstResultAsync(JobClient client, TimeSpan atMost)
    {
        var waiting = Task.Delay(atMost, TimeProvider.System);
        while (!waiting.IsCompleted && !client.Completion.IsCompleted && client.GetMetrics()[FlightDelaysJob.HourlyDelays].RecordsOut == 0)
        {
            await Task.Delay(FirstResultInterval, TimeProvider.System);
        }
    }

    private static IRenderable Live(JobMetrics metrics, double rate, CheckpointNews checkpoints)
    {
        var table = new Table().RoundedBorder().AddColumns("Records", "Rate", "Watermark", "Late", "Checkpoint");
        if (checkpoints.RestoredFrom is { } restored)
        {
            table.Caption(string.Create(CultureInfo.InvariantCulture, $"Goes on from checkpoint {restored}"));
        }

        foreach (var column in table.Columns)
        {
            column.Width(16);
        }

        return table.AddRow(Records(metrics), Rate(rate), Watermark(metrics), Late(metrics), checkpoints.Latest?.ToString(CultureInfo.InvariantCulture) ?? "-");
    }

    private static string Line(JobMetrics metrics, double rate) =>
        $"{Records(metrics)} records, {Rate(rate)}, watermark {Watermark(metrics)}, {Late(metrics)} late";

    private static string Records(JobMetrics metrics) => metrics.RecordsRead.ToString("N0", CultureInfo.InvariantCulture);

    private static string Rate(double rate) => rate.ToString("N0", CultureInfo.InvariantCulture) + "/s";

    // Of all operators the hourly windows have the say: they put out the late flights and write them to a folder.
    private static string Watermark(JobMetrics metrics) => metrics[FlightDelaysJob.HourlyDelays].Watermark switch
    {
        EventTime.MinWatermark => "-",
        EventTime.MaxWatermark => "end of input",
        var watermark => EventTime.ToDateTimeOffset(watermark).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
    };

    private static string Late(JobMetrics metrics) => metrics[FlightDelaysJob.HourlyDelays].LateRecords.ToString("N0", CultureInfo.InvariantCulture);
}
