using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>Processes, a network, and who is alive.</summary>
internal sealed class ClusterRig : IJobBuilder
{
    private readonly Func<StreamExecutionEnvironment> _program;
    private readonly SimulatedScheduler _scheduler;
    private readonly SimulatedCluster _cluster;
    private readonly Dictionary<string, (WorkerInfo Worker, SimulatedProcess Process)> _alive = [];
    private readonly Dictionary<string, SimulatedProcess> _coordinators = [];
    private readonly List<SimulatedClusterView> _views = [];

    public ClusterRig(ulong seed, Func<StreamExecutionEnvironment> program)
    {
        _program = program;
        _scheduler = new SimulatedScheduler(seed);
        _cluster = new SimulatedCluster(_scheduler, new SimulatedNetwork(_scheduler, seed, TimeSpan.FromMilliseconds(2)));
    }

    /// <summary>Hears that workers want to leave; null to let them go at once.</summary>
    public Action<WorkerInfo>? Leaving { get; set; }

    /// <summary>Hears that a worker has no slots for a job; null to have it counted as a failure.</summary>
    public Action<WorkerInfo, string>? Refused { get; set; }

    /// <summary>How often workers tell what their subtasks have counted; null for never.</summary>
    public TimeSpan? MeasureInterval { get; init; }

    /// <summary>Whether workers and coordinators publish metrics, in this process, under the name of the job.</summary>
    public bool PublishesMetrics { get; init; }

    public int TimesWithoutRoom { get; private set; }

    /// <summary>Who each coordinator trusts, in the order in which they began.</summary>
    public List<TrustedWorkers> Trusted { get; } = [];

    public List<DistributedHost> Hosts { get; } = [];

    public List<WorkerHost> Workers { get; } = [];

    // The same program under two names: two jobs.
    public IReadOnlyList<string> Names => ["squares", "others"];

    public BuiltJob Build(string name, int? parallelism) => Built(name, _program());

    private static BuiltJob Built(string name, StreamExecutionEnvironment env) =>
        new BuiltJob(env.BuildJobGraph(name), new SerializerProvider(env.Serializers), env.LoggerFactory, null, null);

    /// <summary>Starts a worker.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="slots">How many slots it offers.</param>
    /// <param name="id">Names this start of it; null for its name.</param>
    /// <param name="program">Builds its graph; null for what the rig was given.</param>
    /// <param name="copies">Where it keeps copies of checkpoint files.</param>
    /// <param name="loggers">Hears what it logs.</param>
    public void Start(string name, int slots, string? id = null, Func<StreamExecutionEnvironment>? program = null, LocalCopies? copies = null, ILoggerFactory? loggers = null)
    {
        var process = _scheduler.StartProcess(id ?? name);
        var worker = new WorkerInfo(id ?? name, name, "simulated", 0, slots);
        var host = new WorkerHost(() => worker, program is null ? this : new OwnProgram(this, program), process, loggers ?? NullLoggerFactory.Instance) { Copies = copies, PublishesMetrics = PublishesMetrics };
        host.DataPlane = _cluster.Add(worker, process, host);
        Workers.Add(host);
        _alive.Add(name, (worker, process));
        Tell();
    }

    /// <summary>A worker that runs nothing, and says what the test tells it to.</summary>
    public ScriptedWorker StartScripted(string name, int slots)
    {
        var process = _scheduler.StartProcess(name);
        var worker = new WorkerInfo(name, name, "simulated", 0, slots);
        var scripted = new ScriptedWorker(process.TimeProvider);
        _cluster.Add(worker, process, scripted);
        _alive.Add(name, (worker, process));
        Tell();
        return scripted;
    }

    /// <summary>Kills a worker, or a coordinator, which is <c>coordinator</c> with its term; everybody sees that at once.</summary>
    public void Kill(string name)
    {
        _ = _alive.Remove(name, out var worker);
        (worker.Process ?? _coordinators[name]).Kill();
        _cluster.Remove(worker.Worker?.Id ?? name);
        Tell();
    }

    /// <param name="term">The term of the coordinator.</param>
    /// <param name="previous">Where subtasks were under the one before, as far as it knows.</param>
    /// <param name="job">The job.</param>
    public JobExecution Lead(long term, IReadOnlyDictionary<SubtaskId, string>? previous = null, string job = "squares")
    {
        var process = _scheduler.StartProcess(job == "squares" ? $"coordinator {term}" : $"coordinator {term} of {job}");
        _coordinators.Add(process.Name, process);
        var me = new WorkerInfo(process.Name, process.Name, "simulated", 0, 0);
        var view = new SimulatedClusterView(me);
        _views.Add(view);
        Tell();
        var built = Build(job, null);
        Trusted.Add(new TrustedWorkers(view, process.TimeProvider));
        var host = new DistributedHost(built.Graph, new ControlConnectionKey(job, job, term), Trusted[^1], _cluster.Add(me, process, null), built.Serializers, process, built.Loggers)
        {
            Refused = Refused,
            NoRoom = () => TimesWithoutRoom++,
            Leaving = Leaving,
            Previous = previous ?? new Dictionary<SubtaskId, string>(),
            MeasureInterval = MeasureInterval,
        };
        Hosts.Add(host);
        var execution = new JobExecution(built.Graph, host, process, built.Serializers, built.Loggers, new Random(1));
        if (PublishesMetrics)
        {
            JobInstruments.Register(execution);
        }

        execution.Start();
        return execution;
    }

    public void RunFor(TimeSpan span)
    {
        bool over = false;
        using var timer = _scheduler.Time.CreateTimer(_ => over = true, null, span, Timeout.InfiniteTimeSpan);
        _scheduler.RunUntil(() => over);
    }

    public JobOutcome RunToEnd(JobExecution execution)
    {
        _scheduler.RunUntil(() => execution.Completion.IsCompleted);
        return execution.Completion.GetAwaiter().GetResult();
    }

    /// <summary>The same job, but for what it is given to run with.</summary>
    private sealed class OwnProgram(ClusterRig rig, Func<StreamExecutionEnvironment> program) : IJobBuilder
    {
        public IReadOnlyList<string> Names => rig.Names;

        public BuiltJob Build(string name, int? parallelism) => Built(name, program());
    }

    private void Tell() => _views.ForEach(view => view.Set([.. _alive.Values.Select(item => item.Worker)]));
}
