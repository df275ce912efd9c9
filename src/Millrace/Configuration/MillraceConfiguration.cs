using System.Reflection;
using Microsoft.Extensions.Configuration;
using Millrace.Checkpointing;
using Millrace.Configuration;
using Millrace.State.Backends;

namespace Millrace;

/// <summary>Options from configuration: a section, by custom called <c>Millrace</c>, with <c>Checkpoints</c>, <c>Restart</c> and <c>State</c> in it.</summary>
/// <example>
/// <code>
/// // appsettings.json: { "Millrace": { "Checkpoints": { "Interval": "10s", "Directory": "/var/lib/orders" }, "Restart": { "Strategy": "exponential-delay" } } }
/// var options = new ExecutionOptions().Configure(configuration.GetSection("Millrace"));
/// </code>
/// </example>
public static class MillraceConfiguration
{
    /// <summary>State backends that <c>State:Backend</c> may name beside <c>heap</c>. What the section has besides is the backend's own.</summary>
    public static ConfigurationRegistry<StateBackend> Backends { get; } = new("heap");

    /// <summary>Storages that <c>Checkpoints:Directory</c> may name by the scheme of a URI, for example <c>s3</c> for <c>s3://bucket/prefix</c>. Each gets the section <c>Checkpoints</c>.</summary>
    public static ConfigurationRegistry<CheckpointStorage> Storages { get; } = new("file");

    /// <summary>Sets what the configuration says; what it does not mention stays as it is.</summary>
    /// <param name="options">The options.</param>
    /// <param name="section">The section; an empty one changes nothing.</param>
    /// <returns>The same options.</returns>
    /// <exception cref="GraphException">A key is unknown, or a value is not one: the message names both, says what is expected, and for an unknown key which one may be meant.</exception>
    public static ExecutionOptions Configure(this ExecutionOptions options, IConfiguration section) => Bind(options, section);

    /// <param name="options">The options.</param>
    /// <param name="section">The section.</param>
    /// <param name="more">Keys that the section may have besides, which others bind.</param>
    internal static ExecutionOptions Bind(ExecutionOptions options, IConfiguration section, params ReadOnlySpan<string> more)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(section);
        var root = new ConfigurationKeys(section, "");
        (string, Action<ConfigurationValue>)[] known =
        [
            ("Checkpoints", _ => CheckpointConfiguration.Bind(options.Checkpoints, root.Section("Checkpoints"))),
            ("Restart", _ => options.RestartStrategy = RestartConfiguration.Bind(root.Section("Restart")) ?? options.RestartStrategy),
            ("State", _ => StateConfiguration.Bind(options, root.Section("State"))),
            ("Parallelism", value => options.Parallelism = value.Integer()),
            ("MaxParallelism", value => options.MaxParallelism = value.Integer()),
            ("BatchSize", value => options.BatchSize = value.Integer()),
            ("ChannelCapacity", value => options.ChannelCapacity = value.Integer()),
            ("BufferTimeout", value => options.BufferTimeout = value.Time()),
            ("AutoWatermarkInterval", value => options.AutoWatermarkInterval = value.Time()),
            ("WatermarkStallTimeout", value => options.WatermarkStallTimeout = value.Time()),
            ("LatencyTrackingInterval", value => options.LatencyTrackingInterval = value.Time()),
            ("CancellationTimeout", value => options.CancellationTimeout = value.Time()),
            ("ConsistentOutput", value => options.ConsistentOutput = value.Boolean()),
            ("OperatorChaining", value => options.OperatorChaining = value.Boolean()),
            ("LocalAggregation", value => options.LocalAggregation = value.Boolean()),
        ];
        foreach (string key in more)
        {
            known = [.. known, (key, static _ => { })];
        }

        root.Bind(known);
        return options;
    }

    /// <summary>
    /// Gives what is not set yet the values that are safe for a job which is to run for ever in a service: checkpoints every 10 s into a folder of this machine, and restarts
    /// with <see cref="RestartStrategy.ExponentialDelay"/>. Call it behind the code that sets options, and in front of <see cref="Configure"/>.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <returns>The same options.</returns>
    /// <remarks>
    /// The folder is <c>millrace</c> in the user's folder for local application data (on Linux <c>~/.local/share</c>); where there is none, as in many containers,
    /// <c>millrace-checkpoints</c> in the working directory. In it each program has a folder of the name of its entry assembly, and in that each job one of its name; two copies of a program
    /// that run at once as one user need a directory each. It protects from the end of the process and not from the loss of the machine: for that,
    /// set <c>Checkpoints:Directory</c> to a volume or an object store.
    /// </remarks>
    public static ExecutionOptions UseHostedDefaults(this ExecutionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Checkpoints.Storage ??= new DirectoryCheckpointStorage(HostedDirectory(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Assembly.GetEntryAssembly()?.GetName().Name ?? AppDomain.CurrentDomain.FriendlyName));
        options.Checkpoints.Interval ??= TimeSpan.FromSeconds(10);
        options.RestartStrategy ??= RestartStrategy.ExponentialDelay();
        return options;
    }

    // One folder for all programs of a user would give two that name their jobs alike, or not at all, each other's state.
    internal static string HostedDirectory(string localApplicationData, string program) =>
        Path.Combine(localApplicationData.Length == 0 ? "millrace-checkpoints" : Path.Combine(localApplicationData, "millrace"), program);
}
