using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>A job whose subtasks are spread over workers that are connected by their data planes, as if each were a process of its own.</summary>
internal sealed class TcpJob : IAsyncDisposable
{
    private readonly StreamExecutionEnvironment _env;
    private readonly Func<SubtaskId, int> _placement;
    private readonly TestWorker[] _workers;
    private readonly ThreadedScheduler[] _schedulers;

    /// <param name="env">The job.</param>
    /// <param name="workers">Its workers, in ascending order of their ids.</param>
    /// <param name="placement">On which of them a subtask lives.</param>
    public TcpJob(StreamExecutionEnvironment env, TestWorker[] workers, Func<SubtaskId, int> placement)
    {
        _env = env;
        _placement = placement;
        _workers = workers;
        _schedulers = [.. workers.Select(worker => new ThreadedScheduler(2, TimeProvider.System, worker.Info.Name))];
        Execution = new JobExecution(env.BuildJobGraph("job"), new Host(this), _schedulers[0], new SerializerProvider(env.Serializers), env.LoggerFactory, new Random(1));
    }

    public JobExecution Execution { get; }

    /// <summary>All ends of all connections.</summary>
    public List<IDataConnection> Connections { get; } = [];

    public List<MillraceException> Errors { get; } = [];

    public async Task<JobOutcome> RunAsync()
    {
        Execution.Start();
        return await Execution.Completion.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        Execution.Cancel();
        await Execution.Completion;
        foreach (var connection in Connections)
        {
            connection.Break(new IOException("the job has ended"));
        }

        foreach (var scheduler in _schedulers)
        {
            scheduler.Dispose();
        }
    }

    private sealed class Host(TcpJob owner) : IJobHost
    {
        public IReadOnlyDictionary<SubtaskId, ISubtaskHandle> Deploy(Deployment deployment)
        {
            var subtasks = new Dictionary<SubtaskId, ISubtaskHandle>();
            var key = new DataConnectionKey("job", 1, deployment.Epoch, 1);
            foreach (var (index, worker) in owner._workers.Index())
            {
                var others = owner._workers.Where(other => other != worker);
                var connections = others.ToDictionary(other => other.Info.Id, other => worker.Plane.Open(other.Info, key));
                owner.Connections.AddRange(connections.Values);
                var serializers = new SerializerProvider(owner._env.Serializers);
                var factory = new RemoteChannelFactory(
                    deployment.Job, worker.Info.Id, (ulong)deployment.Epoch, id => owner._workers[owner._placement(id)].Info.Id, connections, serializers, Broken);
                foreach (var (id, subtask) in new LocalWorker(deployment, owner._schedulers[index], factory, serializers, owner._env.LoggerFactory, id => owner._placement(id) == index).Subtasks)
                {
                    subtasks.Add(id, subtask);
                }

                factory.Start();
            }

            return subtasks;
        }

        private void Broken(MillraceException error)
        {
            lock (owner.Errors)
            {
                owner.Errors.Add(error);
            }
        }
    }
}
