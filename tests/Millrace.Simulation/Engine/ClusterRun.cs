using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>One run of a job on a simulated cluster: a coordinator of one term, and workers.</summary>
internal sealed class ClusterRun : ISimulatedRun, IJobBuilder
{
    // Each start of the world is a coordinator of its own.
    private readonly long _term;
    private readonly SimulatedStart _start;
    private readonly JobGraph _job;
    private readonly SimulatedCluster _cluster;
    private readonly SimulatedClusterView _view;
    private readonly WorkerInfo[] _workers;
    private readonly DistributedHost _host;
    private readonly JobExecution _execution;
    private int _replacements;

    public ClusterRun(SimulatedStart start)
    {
        _start = start;
        _term = int.Parse(start.Coordinator.Name.AsSpan(start.Coordinator.Name.LastIndexOf('-') + 1), System.Globalization.CultureInfo.InvariantCulture);
        _job = start.Env.BuildJobGraph(start.JobName);
        _cluster = new SimulatedCluster(start.Coordinator.World, start.Network);
        var me = new WorkerInfo(start.Coordinator.Name, start.Coordinator.Name, "simulated", 0, 0);
        _view = new SimulatedClusterView(me);
        _workers = [.. start.Workers.Select(AddWorker)];
        _view.Set([.. _workers]);
        var serializers = new SerializerProvider(start.Env.Serializers);
        string jobId = _job.Options.Checkpoints.JobId ?? JobIds.From(start.JobName);
        _host = new DistributedHost(
            _job,
            new ControlConnectionKey(jobId, start.JobName, _term),
            _view,
            _cluster.Add(me, start.Coordinator, acceptor: null),
            serializers,
            start.Coordinator,
            TimeSpan.FromSeconds(30),
            start.Env.LoggerFactory);
        _execution = new JobExecution(_job, _host, start.Coordinator, serializers, start.Env.LoggerFactory, new Random(1));
        _execution.Start();
    }

    public bool IsEnded => _execution.Completion.IsCompleted;

    public JobState State => _execution.State;

    // Complete already where it is asked for.
    public Exception? Error => IsEnded ? _execution.Completion.GetAwaiter().GetResult().Error : null;

    public IReadOnlyList<SimulatedConnection> Connections => _cluster.Connections;

    IReadOnlyList<string> IJobBuilder.Names => [_start.JobName];

    BuiltJob IJobBuilder.Build(string name, int? parallelism) => new(_job, new SerializerProvider(_start.Env.Serializers), _start.Env.LoggerFactory, null, null);

    public void ReplaceWorker(int worker, SimulatedProcess replacement)
    {
        // By its connections, or by the membership: whichever the coordinator hears of first.
        var dead = _workers[worker];
        if (_replacements++ % 2 == 0)
        {
            _cluster.Remove(dead.Id);
        }

        _workers[worker] = AddWorker(replacement);
        _view.Set([.. _workers]);
        _cluster.Remove(dead.Id);
    }

    public void TriggerSavepoint(string path, SavepointFormat format, StopMode stop, Action<Exception?> done) => _execution.Request(
        format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint, path, stop, (_, error) => done(error));

    public void Cancel() => _execution.Cancel();

    public string Describe() => $"job {State}; " + string.Join(", ", _host.Placement.Select(place => $"{place.Key.Vertex}/{place.Key.Index} on {place.Value.Name} {_execution.StateOf(place.Key)}"));

    private WorkerInfo AddWorker(SimulatedProcess process)
    {
        var worker = new WorkerInfo(process.Name, process.Name, "simulated", 0, Slots: 8);
        var host = new WorkerHost(() => worker, this, process, _start.Env.LoggerFactory);
        host.DataPlane = _cluster.Add(worker, process, host);
        return worker;
    }
}
