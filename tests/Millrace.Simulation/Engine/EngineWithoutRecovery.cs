using Microsoft.Extensions.Logging;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Engine;

/// <summary>The engine with nothing kept: every start begins anew. What the world does to it may only delay things.</summary>
internal sealed class EngineWithoutRecovery : ISimulatedEngine
{
    public bool IsFaultTolerant => false;

    public ISimulatedRun Start(SimulatedStart start) => new Run(start);

    public IReadOnlyList<string> VerifyStorage(SimulatedStorage storage, string jobId) => [];

    private sealed class Run : ISimulatedRun
    {
        private readonly JobExecution _execution;
        private readonly List<SimulatedConnection> _connections = [];
        private readonly List<MillraceException> _broken = [];

        public Run(SimulatedStart start)
        {
            var env = start.Env;
            var job = env.BuildJobGraph(start.JobName);
            ILoggerFactory loggers = env.LoggerFactory;
            _execution = new JobExecution(job, start.Coordinator, loggers);
            var ends = start.Workers.Select(_ => new Dictionary<string, IDataConnection>()).ToList();
            for (int first = 0; first < start.Workers.Count; first++)
            {
                for (int second = first + 1; second < start.Workers.Count; second++)
                {
                    var connection = start.Network.Connect(start.Workers[first], start.Workers[second]);
                    _connections.Add(connection);
                    ends[first].Add(start.Workers[second].Name, connection.First);
                    ends[second].Add(start.Workers[first].Name, connection.Second);
                }
            }

            for (int i = 0; i < start.Workers.Count; i++)
            {
                var process = start.Workers[i];
                var serializers = new SerializerProvider(env.Serializers);
                var channels = new RemoteChannelFactory(job, process.Name, epoch: 1, WorkerOf, ends[i], serializers, _broken.Add);
                _execution.AddWorker(new LocalWorker(
                    job, process, channels, serializers, loggers, _execution.Enumerators, _execution, id => WorkerOf(id) == process.Name));
                channels.Start();
            }

            _execution.Start();

            string WorkerOf(SubtaskId id) => start.Workers[(id.Vertex + id.Index) % start.Workers.Count].Name;
        }

        public bool IsEnded => _execution.Completion.IsCompleted;

        public JobState State => _execution.State;

        // Complete already where it is asked for.
        public Exception? Error => IsEnded ? _execution.Completion.GetAwaiter().GetResult().Error : null;

        public IReadOnlyList<SimulatedConnection> Connections => _connections;

        public void ReplaceWorker(int worker, SimulatedProcess replacement) => throw new NotSupportedException("This engine cannot go on without a worker.");

        public void TriggerSavepoint(string path, bool stop, Action<Exception?> done) => done(new NotSupportedException("This engine takes no savepoints."));

        public void Cancel() => _execution.Cancel();

        public string Describe() => $"job {State}; "
            + string.Join(", ", _execution.Subtasks.Where(subtask => !subtask.Value.IsStopped).Select(subtask => $"{subtask.Value.Description} {_execution.StateOf(subtask.Key)}"))
            + string.Concat(_broken.Select(broken => "; " + broken.Message));
    }
}
