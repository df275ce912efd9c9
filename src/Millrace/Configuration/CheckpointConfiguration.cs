using Microsoft.Extensions.Configuration;
using Millrace.Checkpointing;

namespace Millrace.Configuration;

/// <summary>The section <c>Checkpoints</c>.</summary>
internal static class CheckpointConfiguration
{
    public static void Bind(CheckpointOptions options, IConfigurationSection section)
    {
        var keys = new ConfigurationKeys(section, "");
        keys.Bind(
            ("Interval", value => options.Interval = value.TimeOrNone()),
            ("Directory", value => options.Storage = CreateStorage(value.Text(), section)),
            ("JobId", value => options.JobId = value.Text()),
            ("Mode", value => options.Mode = value.OneOf<CheckpointMode>()),
            ("Timeout", value => options.Timeout = value.Time()),
            ("MinPause", value => options.MinPause = value.Time()),
            ("MaxConcurrent", value => options.MaxConcurrent = value.Integer()),
            ("TolerableFailures", value => options.TolerableFailures = value.Integer()),
            ("Unaligned", value => options.Unaligned = value.Boolean()),
            ("AlignedTimeout", value => options.AlignedTimeout = value.Time()),
            ("IntervalDuringBacklog", value => options.IntervalDuringBacklog = value.TimeOrNone()),
            ("Retained", value => options.Retained = value.Integer()),
            ("Retention", value => options.Retention = value.OneOf<CheckpointRetention>()),
            ("InlineThreshold", value => options.InlineThreshold = value.Integer()),
            ("RestoreLatest", value => options.RestoreLatest = value.Boolean()),
            ("RunFinishedAgain", value => options.RunFinishedAgain = value.Boolean()),
            ("RestoreFrom", value => options.RestoreFrom = new RestoreOptions(value.Text())),
            ("Claim", value => options.RestoreFrom = FromOf(options, section, "Claim") with { Claim = value.OneOf<ClaimMode>() }),
            ("AllowNonRestoredState", value => options.RestoreFrom = FromOf(options, section, "AllowNonRestoredState") with { AllowNonRestoredState = value.Boolean() }));

        // A storage may still be given in code; then what does not fit is found when the graph is built.
        if (options.Storage is not null)
        {
            Validate(options, section);
        }
    }

    private static void Validate(CheckpointOptions options, IConfigurationSection section)
    {
        try
        {
            options.Validate();
        }
        catch (GraphException error)
        {
            throw new GraphException(error.Code, $"Configuration section {section.Path}: {error.Words}", error);
        }
    }

    private static RestoreOptions FromOf(CheckpointOptions options, IConfigurationSection section, string key) =>
        options.RestoreFrom ?? throw ConfigurationErrors.Missing($"{section.Path}:RestoreFrom", $"the savepoint that {section.Path}:{key} is about");

    /// <summary>Makes the storage that a directory names: a folder, or by the scheme of a URI what was made known for it.</summary>
    /// <param name="directory">The value of the section's key <c>Directory</c>.</param>
    /// <param name="section">The section.</param>
    internal static CheckpointStorage CreateStorage(string directory, IConfigurationSection section)
    {
        var from = section.GetSection("Directory");
        int end = directory.IndexOf("://", StringComparison.Ordinal);
        string scheme = end > 0 ? directory[..end] : "file";
        var storages = MillraceConfiguration.Storages;
        Func<IConfigurationSection, CheckpointStorage>? create = null;
        if (!storages.IsBuiltIn(scheme) && !storages.TryGet(scheme, out create))
        {
            throw ConfigurationErrors.UnknownName(
                from.Path, directory, [.. storages.Names.Select(name => name + "://")], $"Make it known first: MillraceConfiguration.Storages.Add(\"{scheme}\", section => ...).");
        }

        try
        {
            return create is not null ? create(section) : new DirectoryCheckpointStorage(end > 0 ? new Uri(directory).LocalPath : directory);
        }
        catch (Exception error) when (error is not GraphException)
        {
            throw ConfigurationErrors.Failed(from.Path, directory, error);
        }
    }
}
