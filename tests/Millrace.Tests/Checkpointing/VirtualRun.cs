using Millrace.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.State;
using Millrace.Testing;
using Millrace.Testing.Simulation;

namespace Millrace.Tests.Checkpointing;

/// <summary>A job with checkpoints in virtual time, on storage in memory: the clock moves when a test says so.</summary>
internal sealed class VirtualRun
{
    private readonly SimulatedScheduler _world = new(1);
    private SimulatedProcess _process;
    private readonly DateTimeOffset _began;

    public VirtualRun()
    {
        _process = _world.StartProcess("process");
        Disk = new SimulatedDisk(_world, new StorageFaults(1), new SimulationLog());
        _began = _world.Time.GetUtcNow();
    }

    public SimulatedDisk Disk { get; }

    public DateTimeOffset Began => _began;

    public DateTimeOffset Now => _world.Time.GetUtcNow();

    /// <summary>The storage as the present process sees it.</summary>
    public CheckpointStorage Storage => Disk.ConnectFrom(_process);

    public JobExecution Execution { get; private set; } = null!;

    public StreamExecutionEnvironment Env(Action<CheckpointOptions>? configure = null, int parallelism = 1)
    {
        var options = new ExecutionOptions { Parallelism = parallelism };
        options.Checkpoints.Storage = Storage;
        options.Checkpoints.Interval = TimeSpan.FromSeconds(10);
        configure?.Invoke(options.Checkpoints);
        return new StreamExecutionEnvironment(options) { TimeProvider = _process.TimeProvider };
    }

    public JobExecution Start(StreamExecutionEnvironment env, string name)
    {
        Execution = JobRunner.Prepare(env, _process, name);
        Execution.Start();
        return Execution;
    }

    /// <summary>Starts a job with serializers of a test.</summary>
    public JobExecution Start(StreamExecutionEnvironment env, string name, ISerializerProvider serializers)
    {
        Execution = JobExecution.OnOneWorker(env.BuildJobGraph(name), _process, serializers, env.LoggerFactory, services: env.Services);
        Execution.Start();
        return Execution;
    }

    /// <summary>Keeps actors from running for a while; null for none.</summary>
    public void Stall(Func<string, TimeSpan>? pause) => _world.Stall = pause is null ? null : actor => pause(actor.Description);

    /// <summary>How long what is done in the background takes, and again before its end is known.</summary>
    public Func<TimeSpan>? BackgroundDelay
    {
        set => _process.BackgroundDelay = value;
    }

    /// <summary>Ends the process at once; what is started next is another one.</summary>
    public void Kill()
    {
        _process.Kill();
        _process = _world.StartProcess("next process");
    }

    /// <summary>Runs until so many seconds after the beginning.</summary>
    public void RunTo(double seconds) => RunUntil(_began + TimeSpan.FromSeconds(seconds));

    /// <summary>Runs until a time, and not until the next thing that happens after it.</summary>
    public void RunUntil(DateTimeOffset time)
    {
        using var alarm = _world.Time.CreateTimer(static _ => { }, null, time - Now, Timeout.InfiniteTimeSpan);
        _world.RunUntil(() => Now >= time);
    }

    public void RunUntil(Func<bool> condition) => _world.RunUntil(condition);

    public T Await<T>(Task<T> task)
    {
        _world.RunUntil(() => task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>When checkpoints began, in whole seconds after the beginning.</summary>
    public IReadOnlyList<int> Begun() =>
        [.. CheckpointSummaries.From(Execution).History.Select(checkpoint => (int)Math.Round((checkpoint.BeganAt - _began).TotalSeconds))];
}
