using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <content>How many subtasks each task has: load is measured, and the <see cref="Autoscaler"/> decides.</content>
internal sealed partial class JobMaster
{
    /// <summary>How often workers tell what their subtasks have counted.</summary>
    private static readonly TimeSpan MeasureInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan SampleIntervalWithoutAutoscaler = TimeSpan.FromSeconds(5);

    private readonly LoadMeter _meter = new();
    private ScalingTopology? _topology;
    private Autoscaler? _autoscaler;
    private ITimer? _sampling;

    // What the program says.
    private int _defaultParallelism;

    // What the graph is built with whose tasks are counted.
    private int? _base;

    // What the autoscaler wants each task to have, at most; null while the default parallelism counts.
    private IReadOnlyList<int>? _tasks;

    // What was measured last, for those who ask for the status.
    private MetricsSample? _load;
    private string _lastAdvice = "";

    // The slots that it should have, whether they are there or not: those of what it is to run with, until load says something. 0 while nothing is known.
    private volatile int _wantedSlots;

    private void BeginScaling(JobRecord record, ScalingTopology topology)
    {
        Scale(record.Parallelism, topology);
        if (_autoscaler is not null && record.Tasks is { } tasks)
        {
            // The program may be another one than when it was decided.
            if (Fits(tasks, topology))
            {
                Take(tasks);
            }
            else
            {
                Log.TasksForgotten(_logger, _job);
            }
        }

        var interval = _autoscaler is null ? SampleIntervalWithoutAutoscaler : _autoscaling.SampleInterval;
        _sampling = _time.CreateTimer(_ => Tell(Sample), null, interval, interval);
    }

    /// <summary>Goes on with what the autoscaler has decided before, within what tasks may have now.</summary>
    private void Take(IReadOnlyList<int> tasks)
    {
        _tasks = _topology!.Limit(tasks);
        _wantedSlots = _topology.DemandOf(_tasks).Slots;
        Apply(_scheduler!.DemandChanged(DemandOfTasks, _tasks.Max(), Now));
    }

    private static bool Fits(IReadOnlyList<int> tasks, ScalingTopology topology) => tasks.Count == topology.Vertices.Count
        && tasks.Zip(topology.Vertices).All(task => task.First >= 1 && task.First <= task.Second.MaxParallelism)
        && topology.Edges.All(edge => !edge.IsForward || tasks[edge.Source] == tasks[edge.Target]);

    /// <summary>Somebody has said what the default parallelism is: load is judged anew from there.</summary>
    private void Scale(int? parallelism, ScalingTopology topology)
    {
        _base = parallelism;
        _topology = topology;
        _tasks = null;
        _wantedSlots = DemandOf(parallelism ?? _defaultParallelism).Slots;
        _autoscaler = _autoscaling.Enabled ? new Autoscaler(_autoscaling, topology) : null;
    }

    private BuiltJob Build(int parallelism)
    {
        if (_tasks is not { } tasks)
        {
            var usual = _builder.Build(_job, parallelism);
            return usual with { Graph = Bounded(usual.Graph) };
        }

        var built = _builder.Build(_job, _base);
        return built with { Graph = built.Graph.WithTasks(_topology!.Limit(tasks, parallelism)) };
    }

    private SlotDemand DemandOfTasks(int most) => _topology!.DemandOf(_topology.Limit(_tasks!, most));

    private void Sample()
    {
        if (_isOver || _running is not { } running || !_isRunning)
        {
            return;
        }

        // A rescale that it waited for may not come: slots were lost meanwhile. Load is watched on then.
        if (_autoscaler is { IsStopped: true } && !_scheduler!.IsRescaling && _wishes.Count == 0)
        {
            _autoscaler.Running(running.Execution.Job.Tasks, Now);
        }

        var sample = _meter.Look(running.Execution.Job.Tasks, running.Host.Counts, Now, running.Execution.UnassignedOf);
        Volatile.Write(ref _load, sample);
        if (sample is null || _autoscaler?.Sampled(sample, AttainableSlots) is not { } decision)
        {
            return;
        }

        _wantedSlots = decision.WantedSlots;

        // It is decided at every look; what is the same as before interests nobody.
        if (decision.Reason != _lastAdvice)
        {
            _lastAdvice = decision.Reason;
            Remember("Autoscaler.", decision.ToString());
        }

        if (decision.IsApplied)
        {
            Apply(decision);
        }
    }

    private void Apply(ScalingDecision decision)
    {
        var tasks = decision.Parallelism;
        _ = RememberAsync(tasks);
        var topology = _topology!;
        WithSlots(topology.DemandOf(topology.Limit(tasks, 1)).Slots, topology.DemandOf(tasks).Slots, () =>
        {
            // Somebody may have said meanwhile what the parallelism is to be.
            if (!_isOver && _topology == topology)
            {
                _tasks = tasks;
                Apply(_scheduler!.DemandChanged(DemandOfTasks, tasks.Max(), Now));
            }
        });
    }

    private async Task RememberAsync(IReadOnlyList<int> tasks)
    {
        try
        {
            await _remember(tasks).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The next coordinator would begin with what was before, and decide again.
            Log.TasksNotWritten(_logger, error, _job);
        }
    }
}
