using Millrace.Cluster.Coordination;
using Orleans.Configuration;

namespace Millrace.Cluster.Membership;

/// <summary>Membership and records in a folder that all workers see.</summary>
internal sealed class DirectoryStore : IMembershipStore
{
    private readonly string _folder;
    private readonly TimeProvider _time;

    /// <param name="directory">The directory; each cluster has a folder in it.</param>
    /// <param name="clusterId">The cluster.</param>
    /// <param name="time">For how long to wait for a lock.</param>
    public DirectoryStore(string directory, string clusterId, TimeProvider time)
    {
        _folder = Path.Combine(Path.GetFullPath(directory), clusterId);
        _time = time;
        Records = new DirectoryJobRecords(JobsFolder, time);
    }

    public string Description => _folder;

    public IJobRecordStore Records { get; }

    private string JobsFolder => Path.Combine(_folder, "jobs");

    public Task PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(JobsFolder);
            return Task.CompletedTask;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MillraceException("MR6003", $"The directory {_folder}, in which workers are to find each other, cannot be made: {error.Message}", error);
        }
    }

    public IMembershipTable CreateTable(ClusterOptions cluster, IServiceProvider services) => new DirectoryMembershipTable(_folder, _time);
}
