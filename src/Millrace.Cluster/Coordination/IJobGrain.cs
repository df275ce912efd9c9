namespace Millrace.Cluster.Coordination;

/// <summary>The seat of a job's coordinator: one for each job, wherever in the cluster. Its key is the job's name.</summary>
[Alias("millrace.job")]
internal interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Makes the coordinator be there. Every worker calls it again and again: only a call makes it appear elsewhere when its process has died.</summary>
    [Alias("pulse")]
    Task<GrainPulse> PulseAsync();

    /// <summary>The status of the job, as JSON of <see cref="JobMasterStatus"/>.</summary>
    [Alias("status")]
    Task<GrainReply> GetStatusAsync();

    [Alias("cancel")]
    Task<GrainReply> CancelAsync();

    /// <summary>Starts a job again that has ended.</summary>
    [Alias("start")]
    Task<GrainReply> StartAgainAsync();

    [Alias("checkpoint"), ResponseTimeout("01:00:00")]
    Task<GrainReply> TriggerCheckpointAsync();

    [Alias("savepoint"), ResponseTimeout("1.00:00:00")]
    Task<GrainReply> TriggerSavepointAsync(string folder, int format);

    [Alias("stop"), ResponseTimeout("1.00:00:00")]
    Task<GrainReply> StopWithSavepointAsync(string folder, bool drain, int format);

    [Alias("rescale"), ResponseTimeout("01:00:00")]
    Task<GrainReply> RescaleAsync(int parallelism);

    /// <summary>Sets bounds of parallelism, as JSON: by the name of a task, or the name or uid of an operator.</summary>
    [Alias("bounds"), ResponseTimeout("01:00:00")]
    Task<GrainReply> SetParallelismBoundsAsync(string bounds);
}
