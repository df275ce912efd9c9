using Microsoft.Extensions.Configuration;
using Millrace.Checkpointing;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Hosting;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.ClusterTests;

/// <summary>Makes coordinators that run nothing. Each leaves a line in a file, which says in which order they began.</summary>
internal sealed class SayingMasterFactory(IConfiguration configuration) : IJobMasterFactory
{
    public IReadOnlyList<string> Jobs { get; } = ["orders"];

    public IJobMaster Start(string job, JobRecord record, IClusterView cluster, IDataPlane dataPlane, Func<IReadOnlyList<int>, Task> remember)
    {
        string me = cluster.Current.Me.Name;
        File.AppendAllText(configuration["Terms"]!, $"term {record.Term} on {me}\n");
        string bounds = string.Concat((record.Bounds ?? new Dictionary<string, ParallelismBounds>()).Select(task => $" {task.Key} {task.Value}"));
        Output.Say($"begins {record.Term} parallelism {record.Parallelism ?? 0}{bounds}");
        return new SayingMaster(record, me);
    }
}

/// <summary>A coordinator that runs nothing and does what it is told.</summary>
internal sealed class SayingMaster(JobRecord record, string worker) : IJobMaster
{
    private readonly TaskCompletionSource<(JobState, string?)> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _parallelism = record.Parallelism ?? 1;
    private long _checkpoints;

    public JobMasterStatus Status => new(JobState.Running, record.Term, _parallelism, [new SubtaskStatus("source (1/1)", "RUNNING", worker)], null, 0, _checkpoints == 0 ? null : _checkpoints, null);

    public Task<(JobState State, string? Error)> Completion => _completion.Task;

    public void Cancel() => _completion.TrySetResult((JobState.Canceled, null));

    public Task<string> TriggerCheckpointAsync() => Task.FromResult($"checkpoint-{++_checkpoints}");

    public Task<string> TriggerSavepointAsync(string folder, SavepointFormat format) =>
        folder == "bad" ? Task.FromException<string>(new MillraceException("MR3001", "This folder is bad.")) : Task.FromResult($"{folder}/{format}");

    public Task<string> StopWithSavepointAsync(string folder, bool drain, SavepointFormat format)
    {
        _completion.TrySetResult((JobState.Failed, "it was told to"));
        return Task.FromResult($"{folder}/{format}/{drain}");
    }

    public Task HandOverAsync(TimeSpan patience)
    {
        Output.Say($"hands over {record.Term}");
        return Task.CompletedTask;
    }

    public Task RescaleAsync(int parallelism)
    {
        _parallelism = parallelism;
        return Task.CompletedTask;
    }

    public IReadOnlyDictionary<string, ParallelismBounds> FindTasks(IReadOnlyDictionary<string, ParallelismBounds> bounds) => bounds;

    public Task SetParallelismBoundsAsync(IReadOnlyDictionary<string, ParallelismBounds> bounds) => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        if (_completion.TrySetCanceled())
        {
            Output.Say($"leaves {record.Term}");
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>A data plane that connects nobody.</summary>
internal sealed class SayingDataPlaneHost : IDataPlaneHost, IDataPlane
{
    public IDataPlane DataPlane => this;

    public Task StartAsync(WorkerInfo me, CancellationToken cancellationToken)
    {
        Output.Say($"listens {me}");
        return Task.CompletedTask;
    }

    public Task LeaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Output.Say("closes");
        return Task.CompletedTask;
    }

    public IDataConnection Open(WorkerInfo peer, DataConnectionKey key) => throw new NotSupportedException();

    public IDataConnection OpenControl(WorkerInfo worker, ControlConnectionKey key) => throw new NotSupportedException();
}
