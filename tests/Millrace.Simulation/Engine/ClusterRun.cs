using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>One run of a job on a simulated cluster: a coordinator of one term, and workers.</summary>
internal sealed class ClusterRun : ISimulatedRun
{
    // Of each world, since workers outlive coordinators.
    private static readonly ConditionalWeakTable<SimulatedScheduler, SimulatedWorkers> Worlds = [];

    private readonly SimulatedWorkers _all;
    private readonly ILoggerFactory _loggers;
    private readonly SimulatedCluster _cluster;
    private readonly SimulatedClusterView _view;
    private readonly WorkerInfo[] _workers;
    private readonly DistributedHost _host;
    private readonly JobExecution _execution;
    private readonly HashSet<string> _suspects = [];
    private int _replacements;

    public ClusterRun(SimulatedStart start)
    {
        // Each start of the world is a coordinator of its own.
        long term = long.Parse(start.Coordinator.Name.AsSpan(start.Coordinator.Name.LastIndexOf('-') + 1), System.Globalization.CultureInfo.InvariantCulture);
        var job = start.Env.BuildJobGraph(start.JobName);
        _loggers = start.Env.LoggerFactory;
        _all = Worlds.GetValue(start.Coordinator.World, world => new SimulatedWorkers(new SimulatedCluster(world, start.Network), WorkerDisks.Of(world)));
        string name = $"{start.JobName} of {start.Coordinator.Name}";
        _all.Programs.Add(name, start);
        _cluster = _all.Cluster;
        var me = new WorkerInfo(start.Coordinator.Name, start.Coordinator.Name, "simulated", 0, 0);
        _view = new SimulatedClusterView(me);
        _workers = [.. start.Workers.Select(process => _all.Of(process, start.Env.LoggerFactory))];
        Tell();
        var serializers = new SerializerProvider(start.Env.Serializers);
        string jobId = job.Options.Checkpoints.JobId ?? JobIds.From(start.JobName);
        _host = new DistributedHost(
            job,
            new ControlConnectionKey(jobId, name, term),
            new TrustedWorkers(_view, start.Coordinator.TimeProvider),
            _cluster.Add(me, start.Coordinator, acceptor: null),
            serializers,
            start.Coordinator,
            start.Env.LoggerFactory);
        _execution = new JobExecution(job, _host, start.Coordinator, serializers, start.Env.LoggerFactory, new Random(1));
        _execution.Start();
    }

    public bool IsEnded => _execution.Completion.IsCompleted;

    public JobState State => _execution.State;

    // Complete already where it is asked for.
    public Exception? Error => IsEnded ? _execution.Completion.GetAwaiter().GetResult().Error : null;

    public IReadOnlyList<SimulatedConnection> Connections => _cluster.Connections;

    public void ReplaceWorker(int worker, SimulatedProcess replacement)
    {
        // By its connections, or by the membership: whichever the coordinator hears of first.
        var dead = _workers[worker];
        if (_replacements++ % 2 == 0)
        {
            _cluster.Remove(dead.Id);
        }

        _workers[worker] = _all.Of(replacement, _loggers);
        Tell();
        _cluster.Remove(dead.Id);
    }

    public void Suspect(int worker, bool isDead)
    {
        _ = isDead ? _suspects.Add(_workers[worker].Id) : _suspects.Remove(_workers[worker].Id);
        Tell();
    }

    public void TriggerSavepoint(string path, SavepointFormat format, StopMode stop, Action<Exception?> done) => _execution.Request(
        format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint, path, stop, (_, error) => done(error));

    public void Cancel() => _execution.Cancel();

    public string Describe() => $"job {State}; " + string.Join(", ", _host.Placement.Select(place => $"{place.Key.Vertex}/{place.Key.Index} on {place.Value.Name} {_execution.StateOf(place.Key)}"));

    private void Tell() => _view.Set([.. _workers.Where(worker => !_suspects.Contains(worker.Id))]);
}
