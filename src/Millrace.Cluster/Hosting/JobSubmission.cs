using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>How a job of a program is to be run.</summary>
public sealed class JobSubmission
{
    /// <summary>The name of the job in the cluster. That of a job which has ended may be used again, and stands for the new one then.</summary>
    /// <value>Default: <see langword="null"/>, for the name of its class without the namespace.</value>
    public string? Name { get; set; }

    /// <summary>The full name of the job's class.</summary>
    /// <value>Default: <see langword="null"/>, for the only one in the program.</value>
    public string? EntryType { get; set; }

    /// <summary>The default parallelism.</summary>
    /// <value>Default: <see langword="null"/>, for what the job and the configuration of the workers say.</value>
    public int? Parallelism { get; set; }

    /// <summary>What the job is given where its constructor takes <c>string[]</c>.</summary>
    public IList<string> Arguments { get; } = [];

    /// <summary>Options of the job, with keys as in <c>Millrace:Jobs:</c> and the job's name, for example <c>Checkpoints:Interval</c>. They go before what the workers' configuration says. They are kept with the job, and not shown: do not put secrets there all the same.</summary>
    public IDictionary<string, string> Settings { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The savepoint or checkpoint that the job begins with.</summary>
    /// <value>Default: <see langword="null"/>: it begins without state, whatever a job of its name had.</value>
    public RestoreOptions? RestoreFrom { get; set; }
}
