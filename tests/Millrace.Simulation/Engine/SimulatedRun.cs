using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>One run of a job: a coordinator, and workers that are connected with one another.</summary>
internal sealed class SimulatedRun : ISimulatedRun, IJobHost
{
    private readonly SimulatedStart _start;
    private readonly ILoggerFactory _loggers;
    private readonly JobExecution _execution;
    private readonly SimulatedProcess[] _workers;
    private readonly List<Subtask>[] _subtasks;
    private readonly List<SimulatedConnection> _connections = [];
    private readonly List<MillraceException> _broken = [];

    public SimulatedRun(SimulatedStart start)
    {
        _start = start;
        _loggers = start.Env.LoggerFactory;
        _workers = [.. start.Workers];
        _subtasks = [.. _workers.Select(_ => new List<Subtask>())];
        var job = start.Env.BuildJobGraph(start.JobName);
        _execution = new JobExecution(job, this, start.Coordinator, new SerializerProvider(start.Env.Serializers), _loggers, new Random(1));
        _execution.Start();
    }

    public bool IsEnded => _execution.Completion.IsCompleted;

    public JobState State => _execution.State;

    // Complete already where it is asked for.
    public Exception? Error => IsEnded ? _execution.Completion.GetAwaiter().GetResult().Error : null;

    public IReadOnlyList<SimulatedConnection> Connections => _connections;

    /// <summary>Makes the subtasks on all workers, connected over connections of their own: those of an earlier attempt serve nobody any more.</summary>
    public IReadOnlyDictionary<SubtaskId, ISubtaskHandle> Deploy(Deployment deployment)
    {
        _connections.Clear();
        var ends = _workers.Select(_ => new Dictionary<string, IDataConnection>()).ToList();
        for (int first = 0; first < _workers.Length; first++)
        {
            for (int second = first + 1; second < _workers.Length; second++)
            {
                var connection = _start.Network.Connect(_workers[first], _workers[second]);
                _connections.Add(connection);
                ends[first].Add(_workers[second].Name, connection.First);
                ends[second].Add(_workers[first].Name, connection.Second);
            }
        }

        var made = new Dictionary<SubtaskId, ISubtaskHandle>();
        string[] names = [.. _workers.Select(worker => worker.Name)];
        for (int i = 0; i < _workers.Length; i++)
        {
            var process = _workers[i];
            string name = process.Name;
            var serializers = new SerializerProvider(_start.Env.Serializers);
            var channels = new RemoteChannelFactory(deployment.Job, name, (ulong)deployment.Epoch, WorkerOf, ends[i], serializers, _broken.Add);
            _subtasks[i].RemoveAll(subtask => subtask.IsStopped);
            foreach (var (id, subtask) in new LocalWorker(deployment, process, channels, serializers, _loggers, id => WorkerOf(id) == name).Subtasks)
            {
                made.Add(id, subtask);
                _subtasks[i].Add(subtask);
            }

            channels.Start();
        }

        return made;

        string WorkerOf(SubtaskId id) => names[(id.Vertex + id.Index) % names.Length];
    }

    public void ReplaceWorker(int worker, SimulatedProcess replacement)
    {
        string name = _workers[worker].Name;
        _workers[worker] = replacement;
        Subtask[] lost = [.. _subtasks[worker]];
        _subtasks[worker].Clear();
        _execution.SubtasksLost(lost, new IOException($"Worker {name} is dead."));
    }

    public void TriggerSavepoint(string path, SavepointFormat format, StopMode stop, Action<Exception?> done) => _execution.Request(
        format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint, path, stop, (_, error) => done(error));

    public void Cancel() => _execution.Cancel();

    public string Describe() => $"job {State}; "
        + string.Join(", ", _execution.Subtasks.Where(subtask => !subtask.Value.IsStopped).Select(subtask => $"{subtask.Value.Description} {_execution.StateOf(subtask.Key)}: {subtask.Value.Status}"))
        + string.Concat(_broken.Select(broken => "; " + broken.Message));
}
