using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Graph;

namespace Millrace.Cluster.Coordination;

/// <content>How few and how many subtasks single tasks may have: what somebody says while the job runs goes before what the program says.</content>
internal sealed partial class JobMaster
{
    // By the uid of an operator. Replaced as a whole.
    private IReadOnlyDictionary<string, ParallelismBounds> _bounds = new Dictionary<string, ParallelismBounds>();
    private TaskNames? _names;

    public IReadOnlyDictionary<string, ParallelismBounds> FindTasks(IReadOnlyDictionary<string, ParallelismBounds> bounds) =>
        (Volatile.Read(ref _names) ?? throw new InvalidOperationException($"Job '{_job}' is just being started: try again in a moment.")).Find(bounds);

    public Task SetParallelismBoundsAsync(IReadOnlyDictionary<string, ParallelismBounds> bounds)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isTold = _facts.Writer.TryWrite(() =>
        {
            if (_isOver)
            {
                _rescales.Add(done);
                return;
            }

            ScalingTopology topology;
            int slots;
            try
            {
                var built = _builder.Build(_job, _base);
                topology = ScalingTopology.Of(built.Graph, bounds);
                slots = topology.DemandOf(topology.Limit(built.Graph.Tasks)).Slots;
                built.Release(_logger);
            }
            catch (Exception error)
            {
                // What the program needs to be built may be away just now. The job goes on as it is; the next coordinator has the bounds.
                done.TrySetException(error);
                return;
            }

            WithSlots(_options.Mode == SchedulerMode.Fixed && _tasks is null ? slots : 0, slots, () => Set(bounds, topology, done));
        });
        return isTold ? done.Task : throw Over();
    }

    private void Set(IReadOnlyDictionary<string, ParallelismBounds> bounds, ScalingTopology topology, TaskCompletionSource done)
    {
        _rescales.Add(done);
        if (_isOver)
        {
            return;
        }

        Volatile.Write(ref _bounds, bounds);
        _demands.Clear();
        Remember("Bounds of parallelism.", bounds.Count == 0 ? "Those of the program hold." : $"{string.Join("; ", bounds.Select(task => $"'{_names!.NameOf(task.Key)}': {task.Value}"))}.");
        var tasks = _tasks;
        Scale(_base, topology);
        if (tasks is not null)
        {
            Take(tasks);
            _ = RememberAsync(_tasks!);
        }
        else
        {
            Apply(_scheduler!.Request(_base, Now));
        }

        CompleteRescales();
    }

    private void BeginBounds(JobRecord record, JobGraph graph)
    {
        var names = TaskNames.Of(graph);
        Volatile.Write(ref _names, names);
        if (record.Bounds is { } bounds)
        {
            // The program may be another one than when they were given.
            _bounds = bounds.Where(task => names.Has(task.Key)).ToDictionary();
            if (_bounds.Count < bounds.Count)
            {
                Log.BoundsForgotten(_logger, _job, string.Join(", ", bounds.Keys.Except(_bounds.Keys)));
            }
        }
    }

    /// <summary>A graph with what its tasks may have.</summary>
    private JobGraph Bounded(JobGraph graph) => _bounds.Count == 0 ? graph : graph.WithTasks(ScalingTopology.Of(graph, _bounds).Limit(graph.Tasks));
}
