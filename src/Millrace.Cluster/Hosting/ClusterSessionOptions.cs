using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>
/// Whether programs can be submitted to a cluster that runs: the section <c>Millrace:Cluster:Session</c>. Whoever may submit one runs code on the workers, with their rights. See <see cref="IMillraceSession"/>.
/// </summary>
public sealed class ClusterSessionOptions
{
    /// <summary>Whether programs are taken, and run on this worker. It should be the same on all workers.</summary>
    /// <value>Default: <see langword="false"/>: everything that has to do with programs is refused (MR6021).</value>
    public bool Enabled { get; set; }

    /// <summary>Where programs are kept: all workers read there what they run. In configuration <c>Directory</c>, a folder or a URI as in <c>Millrace:Checkpoints:Directory</c>. Whoever can write there runs code on the workers.</summary>
    /// <value>Default: <see langword="null"/>, which is an error where programs are taken.</value>
    public CheckpointStorage? Storage { get; set; }

    /// <summary>Where a worker unpacks the programs that it runs: a directory of this machine that nobody else can write to. Each worker has a folder of its own in it, which is emptied when it starts.</summary>
    /// <value>Default: <see langword="null"/>, for the folder <c>millrace/programs</c> in the user's folder for local application data.</value>
    public string? LocalDirectory { get; set; }

    /// <summary>How many bytes the archive of a program may have.</summary>
    /// <value>Default: 256 MB.</value>
    public long MaxProgramSize { get; set; } = 256L << 20;

    /// <summary>How many bytes the files of a program may have when they are unpacked.</summary>
    /// <value>Default: 1 GB.</value>
    public long MaxUnpackedSize { get; set; } = 1L << 30;

    /// <summary>How many files and folders a program may have.</summary>
    /// <value>Default: 10,000.</value>
    public int MaxFiles { get; set; } = 10_000;

    /// <summary>How long a job that was submitted and has ended is remembered: so long can one look at how it ended, and start it again.</summary>
    /// <value>Default: 1 day.</value>
    public TimeSpan JobRetention { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long a program stays loaded after the last job on this worker that needed it: a job that starts again does not load it anew.</summary>
    /// <value>Default: 10 s.</value>
    public TimeSpan UnloadDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Assemblies that programs share with the host beside those that they always share (Millrace, its connectors, and libraries of .NET): those of services that jobs take in their constructors. What they refer to is shared too. Names without
    /// <c>.dll</c>; in configuration with commas between them.
    /// </summary>
    public IList<string> SharedAssemblies { get; } = [];
}
