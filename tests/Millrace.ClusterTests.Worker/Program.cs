using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Hosting;
using Millrace.ClusterTests;
using Millrace.Hosting;
using Millrace.Runtime.Clustering;

// A worker as applications make them, but for its data plane and its coordinators: these only say what happens to them. It says what it sees, and does what it is told, a line each.
var builder = Host.CreateApplicationBuilder(args);
builder.Logging.ClearProviders();
builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
var millrace = builder.AddMillrace(host => host.StopWhenFinished = builder.Configuration["StopWhenFinished"] == "true");
if (builder.Configuration["Trades"] is { } folder)
{
    // A job that runs, over connections that carry records.
    long count = long.Parse(builder.Configuration["Count"]!, CultureInfo.InvariantCulture);
    double rate = double.Parse(builder.Configuration["Rate"]!, CultureInfo.InvariantCulture);
    if (builder.Configuration["Labour"] is { } milliseconds)
    {
        var time = TimeSpan.FromMilliseconds(double.Parse(milliseconds, CultureInfo.InvariantCulture));
        millrace.AddJob("orders", env => Labour.Build(env, folder, count, rate, time));
    }
    else
    {
        millrace.AddJob("orders", env => Trades.Build(env, folder, count, rate, withTotals: builder.Configuration["Totals"] == "true"));
    }

    if (builder.Configuration["Second"] is { } records)
    {
        // A job that takes two slots, whatever there is.
        millrace.AddJob(
            "second", env => Labour.Build(env, folder, long.Parse(records, CultureInfo.InvariantCulture), 400, TimeSpan.FromMilliseconds(1), parallelism: 2));
    }

    if (builder.Configuration["Embedded"] == "true")
    {
        // The same job without a cluster, as the measure of what a cluster costs.
        using var alone = builder.Build();
        await alone.RunAsync().ConfigureAwait(false);
        return Environment.ExitCode;
    }

    millrace.UseCluster();
}
else if (builder.Configuration["Pressure"] == "true")
{
    double rate = double.Parse(builder.Configuration["Rate"]!, CultureInfo.InvariantCulture);
    millrace.AddJob("orders", env => Pressure.Build(env, rate)).UseCluster();
}
else if (builder.Configuration["Session"] == "true")
{
    // A worker without jobs of its own: they are submitted.
    millrace.UseCluster();
}
else
{
    millrace.AddJob("orders", env => env.FromSequence(1, 10).Discard(), options => options.Checkpoints.Interval = null).UseCluster();
    builder.Services.AddSingleton<IJobMasterFactory, SayingMasterFactory>();
    builder.Services.AddSingleton<IDataPlaneHost, SayingDataPlaneHost>();
}

using var host = builder.Build();
await host.StartAsync().ConfigureAwait(false);
var view = host.Services.GetRequiredService<IClusterView>();
using var subscription = view.Subscribe(SayView);
SayView(view.Current);
Output.Say($"ready {Environment.ProcessId} {view.Current.Me.Id}");

for (int i = 0; i < int.Parse(builder.Configuration["Spin"] ?? "0", CultureInfo.InvariantCulture); i++)
{
    new Thread(Spin) { IsBackground = true }.Start();
}

var commands = new Commands(host.Services.GetRequiredService<IMillraceCluster>(), new SessionCommands(host.Services));
new Thread(commands.Read) { IsBackground = true }.Start();
await host.WaitForShutdownAsync().ConfigureAwait(false);
Output.Say("stopped");
return Environment.ExitCode;

static void SayView(ClusterSnapshot snapshot) => Output.Say($"view {snapshot.Version} {string.Join(',', snapshot.Workers.Select(worker => worker.Name).Order(StringComparer.Ordinal))}");

static void Spin()
{
    ulong x = 1;
    while (x != 0)
    {
        x = (x * 6364136223846793005) | 1;
    }
}
