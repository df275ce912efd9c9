using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.State.Backends;
using Millrace.Testing;
using Millrace.Testing.Simulation;

namespace Millrace.Tests.SavepointJobs;

/// <summary>Runs jobs one after the other in virtual time, with savepoints in a folder between them.</summary>
internal sealed class SavepointRig : IDisposable
{
    private int _jobs;

    public SavepointRig()
    {
        Root = Directory.CreateTempSubdirectory("millrace-savepoints-").FullName;
        Storage = new DirectoryCheckpointStorage(Root);
    }

    public string Root { get; }

    public DirectoryCheckpointStorage Storage { get; }

    public bool Exists(string folder) => File.Exists(Path.Combine(Root, folder, "_metadata"));

    /// <summary>The files of a folder, with their content.</summary>
    public Dictionary<string, string> Content(string folder) =>
        Directory.GetFiles(Path.Combine(Root, folder)).ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    /// <summary>Starts a job that has nothing to do with those before, but for what it restores.</summary>
    public Running Start(Action<StreamExecutionEnvironment> build, RestoreOptions? from = null, int parallelism = 2, StateBackend? backend = null, Action<ExecutionOptions>? configure = null)
    {
        var env = Environment(build, from, parallelism, backend, configure);
        return new Running(env, (ulong)_jobs);
    }

    /// <summary>Checks, instead of a start, what one would do.</summary>
    public UpgradeReport Check(
        Action<StreamExecutionEnvironment> build, RestoreOptions? from = null, int parallelism = 2, StateBackend? backend = null, Action<ExecutionOptions>? configure = null, UpgradeCheckOptions? options = null) =>
        Environment(build, from, parallelism, backend, configure).CheckUpgradeAsync("savepoint job", options).GetAwaiter().GetResult();

    private StreamExecutionEnvironment Environment(
        Action<StreamExecutionEnvironment> build, RestoreOptions? from, int parallelism, StateBackend? backend, Action<ExecutionOptions>? configure)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = parallelism,
            StateBackend = backend,
            RestartStrategy = RestartStrategy.None(),
            Checkpoints = { Storage = Storage, JobId = $"job-{++_jobs}", RestoreFrom = from, InlineThreshold = 100 },
        });
        configure?.Invoke(env.Options);
        build(env);
        return env;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>A job that runs.</summary>
    internal sealed class Running
    {
        private readonly SimulatedScheduler _scheduler;
        private readonly JobExecution _execution;

        public Running(StreamExecutionEnvironment env, ulong seed)
        {
            _scheduler = new SimulatedScheduler(seed);
            _execution = JobRunner.Prepare(env, _scheduler, "savepoint job");
            _execution.Start();
        }

        /// <summary>Runs until something holds.</summary>
        public Running Until(Func<bool> condition)
        {
            _scheduler.RunUntil(() => condition() || _execution.Completion.IsCompleted);
            Assert.True(condition(), "The job has ended before what was waited for.");
            return this;
        }

        /// <summary>Runs until something holds, or the job has ended.</summary>
        public bool Reaches(Func<bool> condition)
        {
            _scheduler.RunUntil(() => condition() || _execution.Completion.IsCompleted);
            return condition();
        }

        public string Savepoint(string folder, SavepointFormat format = SavepointFormat.Canonical) => Request(folder, format, StopMode.None);

        /// <summary>Takes a savepoint and ends the job with it.</summary>
        public string Stop(string folder, SavepointFormat format = SavepointFormat.Canonical, bool drain = false)
        {
            string path = Request(folder, format, drain ? StopMode.Drain : StopMode.Suspend);
            Assert.Equal(JobState.Finished, End().State);
            return path;
        }

        public void Checkpoint() => Wait(_execution.RequestAsync(SnapshotKind.Checkpoint));

        public JobResult End()
        {
            _scheduler.RunUntil(() => _execution.Completion.IsCompleted);
            return JobRunner.Outcome(_execution, "savepoint job", TimeSpan.Zero);
        }

        public void Cancel()
        {
            _execution.Cancel();
            End();
        }

        private string Request(string folder, SavepointFormat format, StopMode stop) =>
            Wait(_execution.RequestAsync(format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint, folder, stop));

        private string Wait(Task<string> request)
        {
            _scheduler.RunUntil(() => request.IsCompleted);
            return request.GetAwaiter().GetResult();
        }
    }
}
