using Millrace.Cluster.Membership;

namespace Millrace.Hosting;

/// <summary>
/// How a worker takes part in a cluster. In configuration: the section <c>Millrace:Cluster</c>, which overrides what is set in code. One of <see cref="UseSharedDirectory"/>,
/// <see cref="UseRedis"/> and <see cref="UsePostgres"/> must be chosen, here or there: it is where workers find each other, and where jobs keep the number of their coordinator.
/// </summary>
/// <example>
/// <code>
/// builder.AddMillrace().AddJob&lt;Orders&gt;().UseCluster(cluster =&gt; cluster.UsePostgres(connectionString));
/// </code>
/// </example>
public sealed class MillraceClusterOptions
{
    /// <summary>The name of the cluster. Workers with the same name and store belong together.</summary>
    /// <value>Letters, digits, dashes, dots and underscores. Default: <c>millrace</c>.</value>
    public string ClusterId { get; set; } = "millrace";

    /// <summary>The worker's name, for people, and for what it keeps on its disk. It should be the same after a restart.</summary>
    /// <value>Default: <see langword="null"/>, for the machine's name and <see cref="SiloPort"/>, for example <c>node7-11111</c>.</value>
    public string? Name { get; set; }

    /// <summary>The address or name that the worker listens at, and that the others reach it by.</summary>
    /// <value>Default: <c>127.0.0.1</c>: nothing of another machine gets in unless this is set. In Kubernetes the pod's address.</value>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The address or name that the others reach the worker by, where it is another than <see cref="Address"/>: behind a translation of addresses, or where that is <c>0.0.0.0</c>.</summary>
    /// <value>Default: <see langword="null"/>, for <see cref="Address"/>.</value>
    public string? AdvertisedAddress { get; set; }

    /// <summary>The port for membership and coordination.</summary>
    /// <value>Default: 11111.</value>
    public int SiloPort { get; set; } = 11111;

    /// <summary>The port for records, orders and reports.</summary>
    /// <value>Default: 7100.</value>
    public int DataPort { get; set; } = 7100;

    /// <summary>How many slots the worker offers: so many subtasks of one task can it take.</summary>
    /// <value>Default: the number of processors.</value>
    public int Slots { get; set; } = Environment.ProcessorCount;

    /// <summary>
    /// How long a worker that is stopped waits for jobs to take a checkpoint and to go on without it. After that it leaves all the same, and what came since the latest checkpoint is done again elsewhere. The host's own
    /// <c>ShutdownTimeout</c>, 30 s unless set, should be longer.
    /// </summary>
    /// <value>Default: 20 s. Zero: it leaves at once.</value>
    public TimeSpan HandOverTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How fast workers notice that one of them is gone.</summary>
    public FailureDetectionOptions FailureDetection { get; } = new();

    /// <summary>Certificates for the connections between workers. Without them nothing is encrypted, and whoever reaches the ports can take part: then keep them in a network of their own.</summary>
    public ClusterTlsOptions Tls { get; } = new();

    /// <summary>When jobs start on the slots that there are, and whether they follow them.</summary>
    public ClusterSchedulingOptions Scheduling { get; } = new();

    /// <summary>Whether the parallelism of each task follows its load.</summary>
    public ClusterAutoscalerOptions Autoscaler { get; } = new();

    /// <summary>Whether a worker keeps copies of its checkpoint files on its own disk, to restore from them.</summary>
    public LocalRecoveryOptions LocalRecovery { get; } = new();

    /// <summary>Whether programs can be submitted to the cluster.</summary>
    public ClusterSessionOptions Session { get; } = new();

    /// <summary>Whether records between workers are compressed (LZ4) where that makes them smaller.</summary>
    /// <value>Default: <see langword="false"/>. It pays where the network is slower than about 300 MB/s.</value>
    public bool Compression { get; set; }

    internal MembershipKind Membership { get; set; }

    internal string? Directory { get; set; }

    internal string? ConnectionString { get; set; }

    internal bool Kubernetes { get; set; }

    /// <summary>Membership in a directory that all workers see: no server is needed. For several processes on one machine, or on machines with a file system whose locks work across them (NFS 4).</summary>
    /// <param name="path">The directory. It is made where it is missing.</param>
    public void UseSharedDirectory(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Membership = MembershipKind.Directory;
        Directory = path;
    }

    /// <summary>Membership in Redis. Let it persist to disk (<c>appendonly yes</c>): with the number of a job's coordinator its protection from an older one would be lost.</summary>
    /// <param name="connectionString">As StackExchange.Redis takes it, for example <c>redis:6379</c>.</param>
    public void UseRedis(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        Membership = MembershipKind.Redis;
        ConnectionString = connectionString;
    }

    /// <summary>Membership in PostgreSQL, in tables of the schema <c>millrace</c>, which the first worker makes.</summary>
    /// <param name="connectionString">As Npgsql takes it. Its user needs the right to create a schema, or to create tables in a schema <c>millrace</c> that exists.</param>
    public void UsePostgres(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        Membership = MembershipKind.Postgres;
        ConnectionString = connectionString;
    }

    /// <summary>
    /// Takes name and address from the pod that the worker runs in, labels the pod, and takes a worker whose pod was deleted for dead. Kubernetes stores no membership:
    /// <see cref="UseRedis"/> or <see cref="UsePostgres"/> must be chosen besides. The pod needs the environment variables <c>POD_NAME</c>, <c>POD_NAMESPACE</c> and <c>POD_IP</c>, and the right to read,
    /// watch and patch pods.
    /// </summary>
    public void UseKubernetes() => Kubernetes = true;
}
