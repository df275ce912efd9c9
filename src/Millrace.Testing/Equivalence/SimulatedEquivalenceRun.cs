using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Testing.Simulation;

namespace Millrace.Testing;

/// <summary>A run on one thread and in virtual time: the seed decides the schedule too.</summary>
internal sealed class SimulatedEquivalenceRun : EquivalenceRun
{
    private readonly SimulatedScheduler _scheduler;
    private readonly SimulatedDisk _disk;
    private readonly int _wanted;
    private readonly DateTimeOffset _limit;
    private SimulatedProcess _process;
    private JobExecution _execution = null!;
    private CheckpointOverview? _seen;

    public SimulatedEquivalenceRun(Action<JobUnderTest> declare, JobWay? way, JobEquivalenceOptions options, ulong seed)
        : base(declare, way, options, seed)
    {
        _scheduler = new SimulatedScheduler(seed);
        _limit = _scheduler.Time.GetUtcNow() + options.MaxTime;
        _disk = new SimulatedDisk(_scheduler, new StorageFaults(Random.Next()), new SimulationLog());
        _wanted = way is null or { Interruption: Interruption.None } ? 0 : Random.Next(1, 4);
        if (way?.Interruption == Interruption.Savepoint)
        {
            // With two backends: there and back again.
            _wanted = Math.Max(_wanted, options.StateBackends.Count);
        }

        _process = _scheduler.StartProcess("start");
    }

    /// <summary>What has happened so far.</summary>
    public JobEquivalenceReport Report { get; private set; } = new(1, 0, 0, 0, 0);

    private bool HasEnded => _execution.Completion.IsCompleted;

    private long Completed => _execution.CheckpointHistory?.Current.Counts.Completed ?? 0;

    public JobResults Run()
    {
        try
        {
            Start();
            while (Report.Interruptions < _wanted && Interrupt())
            {
            }

            RunUntil(() => HasEnded);
            Remember();
        }
        catch (InvalidOperationException error)
        {
            throw new JobEquivalenceException($"{Description}: the job does not end. {error.Message}\n{Describe(_execution)}", error);
        }

        // Complete already.
        var outcome = _execution.Completion.GetAwaiter().GetResult();
        return outcome.State == JobState.Finished
            ? Results()
            : throw new JobEquivalenceException($"{Description}: the job ended as {outcome.State}: {outcome.Error?.Message}", outcome.Error);
    }

    private void Start()
    {
        _process = _scheduler.StartProcess($"start {Starts + 1}");
        _process.BackgroundDelay = () => TimeSpan.FromMicroseconds(Random.Next(1_000));
        var env = Declare(_disk.ConnectFrom(_process), _process.TimeProvider, Random);
        _execution = JobRunner.Prepare(env, _process, JobName);
        _execution.Start();
    }

    /// <summary>Lets the job go on until its next interruption, and interrupts it.</summary>
    /// <returns>Whether there was one; false where the job has come to its end.</returns>
    private bool Interrupt()
    {
        // Right behind a checkpoint, or somewhat later; now and then before the first.
        long checkpoints = Completed + Random.Next(5);
        RunUntil(() => HasEnded || Completed >= checkpoints);
        long steps = _scheduler.Steps + (Random.Next(3) == 0 ? 0 : Random.Next(checkpoints == 0 ? 2_000 : 400));
        RunUntil(() => HasEnded || _scheduler.Steps >= steps);
        if (HasEnded)
        {
            return false;
        }

        switch (Way!.Interruption)
        {
            case Interruption.Crash:
                Remember();
                _process.Kill();
                Start();
                break;
            case Interruption.Failure:
                var running = _execution.Subtasks.Values.Where(subtask => !subtask.IsStopped).OrderBy(subtask => subtask.Id.Vertex).ThenBy(subtask => subtask.Id.Index).ToArray();
                if (running.Length == 0)
                {
                    return true;
                }

                Pick(running).Mailbox.Post(static () => throw new IOException("The test has this subtask fail."));
                break;
            case Interruption.Cancel:
                _execution.Cancel();
                if (!HasStoppedAs(JobState.Canceled))
                {
                    return false;
                }

                Start();
                break;
            default:
                string folder = $"savepoints/{Starts}";
                bool isTaken = false;
                _execution.Request(SnapshotKind.CanonicalSavepoint, folder, StopMode.Suspend, (path, error) =>
                {
                    isTaken = error is null;
                    Savepoint = isTaken ? path : Savepoint;
                });
                if (!HasStoppedAs(JobState.Finished) || !isTaken)
                {
                    return false;
                }

                Start();
                break;
        }

        Report = Report with { Interruptions = Report.Interruptions + 1 };
        return true;
    }

    private bool HasStoppedAs(JobState state)
    {
        RunUntil(() => HasEnded);
        if (_execution.Completion.GetAwaiter().GetResult().State != state)
        {
            return false;
        }

        Remember();
        _process.Kill();
        return true;
    }

    private void RunUntil(Func<bool> condition)
    {
        _scheduler.RunUntil(() => condition() || _scheduler.Time.GetUtcNow() > _limit, Options.MaxSteps);
        if (!condition())
        {
            throw new InvalidOperationException($"{Options.MaxTime} have passed by its clock.");
        }
    }

    /// <summary>Adds up what the start that ends now has done.</summary>
    private void Remember()
    {
        if (_execution.CheckpointHistory?.Current is not { } history || ReferenceEquals(history, _seen))
        {
            return;
        }

        _seen = history;
        Report = Report with
        {
            Checkpoints = Report.Checkpoints + history.Counts.Completed,
            Restores = Report.Restores + history.Counts.Restored,
            InFlightBytes = Report.InFlightBytes + history.Records.Sum(record => record.InFlightBytes),
        };
    }
}
