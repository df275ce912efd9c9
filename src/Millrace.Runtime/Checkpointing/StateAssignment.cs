using Millrace.Runtime.Graph;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>
/// Deals the state of a checkpoint out to the subtasks of a job: operators are matched by uid, key groups and lists are redistributed where the parallelism is another.
/// </summary>
internal sealed class StateAssignment
{
    private readonly JobGraph _job;
    private readonly CheckpointManifest _manifest;
    private readonly IRestoreFiles _files;
    private readonly Dictionary<string, OperatorManifest> _operators;
    private readonly Dictionary<string, IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>>> _lists = [];
    private readonly List<InFlightSnapshot> _inFlight = [];
    private readonly List<string> _dropped = [];

    /// <param name="job">The job.</param>
    /// <param name="manifest">The checkpoint.</param>
    /// <param name="files">Opens its files.</param>
    /// <param name="allowNonRestoredState">Whether state without a place is dropped.</param>
    /// <exception cref="MillraceException">There is state without a place, or an operator's key groups have changed.</exception>
    public StateAssignment(JobGraph job, CheckpointManifest manifest, IRestoreFiles files, bool allowNonRestoredState)
    {
        _job = job;
        _manifest = manifest;
        _files = files;
        _operators = manifest.Operators.ToDictionary(op => op.Uid);
        var uids = job.Uids.Values.ToHashSet();
        var homeless = manifest.Operators.Where(op => !uids.Contains(op.Uid) && (op.Coordinator is not null || op.Subtasks.Count > 0)).ToList();
        if (homeless.Count > 0 && !allowNonRestoredState)
        {
            throw RestoreErrors.NoPlace(manifest, homeless, [.. job.Stream.Nodes.Select(node => $"'{node.Name}' ({job.Uids[node]})")]);
        }

        _dropped.AddRange(homeless.Select(op => $"operator '{op.Name}' (uid {op.Uid})"));

        foreach (var vertex in job.Vertices)
        {
            foreach (var node in vertex.Nodes)
            {
                if (_operators.TryGetValue(job.Uids[node], out var op))
                {
                    Check(node, op);
                    _lists[op.Uid] = OperatorStateRedistribution.Distribute(ListsOf(op), vertex.Parallelism);
                }
            }
        }

        CheckFinished();
        AssignInFlight(allowNonRestoredState);
    }

    public long CheckpointId => _manifest.CheckpointId;

    public CheckpointManifest Manifest => _manifest;

    public IRestoreFiles Files => _files;

    /// <summary>What has no place in the job, for people.</summary>
    public IReadOnlyList<string> Dropped => _dropped;

    /// <summary>The state of an operator in a subtask; null where the checkpoint knows nothing of the operator.</summary>
    public OperatorRestore? Of(StreamNode node, SubtaskId subtask, int parallelism)
    {
        if (!_operators.TryGetValue(_job.Uids[node], out var op))
        {
            return null;
        }

        var range = KeyGroups.RangeOf(subtask.Index, op.MaxParallelism, parallelism);
        var handles = op.Subtasks.Select(snapshot => snapshot.Keyed).OfType<KeyedStateHandle>()
            .Where(handle => handle.KeyGroups.Start < range.End && range.Start < handle.KeyGroups.End).ToList();
        string format = handles.FirstOrDefault()?.Format ?? KeyedStateHandle.Canonical;
        return new OperatorRestore(CheckpointId, format, handles, _lists[op.Uid][subtask.Index], _files, op.Parallelism == parallelism);
    }

    /// <summary>The state of an enumerator.</summary>
    public CoordinatorSnapshot? CoordinatorOf(StreamNode node) => _operators.GetValueOrDefault(_job.Uids[node])?.Coordinator;

    /// <summary>Whether a task had done all its work.</summary>
    public bool IsFinished(JobVertex vertex) => vertex.Nodes.All(IsFinished);

    /// <summary>What was in flight in front of a task.</summary>
    public IReadOnlyList<InFlightSnapshot> InFlightOf(JobVertex vertex)
    {
        var keys = vertex.Inputs.Select(index => _job.KeyOf(_job.Edges[index].Stream)).ToHashSet();
        return [.. _inFlight.Where(snapshot => keys.Contains(snapshot.Channel.Edge))];
    }

    /// <summary>What was in flight in a channel where there is a chain now: operators that had different parallelism may have the same.</summary>
    public IReadOnlyList<InFlightSnapshot> InFlightOf(StreamEdge chained)
    {
        string key = _job.KeyOf(chained);
        return [.. _inFlight.Where(snapshot => snapshot.Channel.Edge == key)];
    }

    private static IReadOnlyList<OperatorStateSnapshot>[] ListsOf(OperatorManifest op)
    {
        var lists = new IReadOnlyList<OperatorStateSnapshot>[op.Parallelism];
        Array.Fill(lists, []);
        foreach (var subtask in op.Subtasks)
        {
            lists[subtask.SubtaskIndex] = subtask.Operator;
        }

        return lists;
    }

    private void Check(StreamNode node, OperatorManifest op)
    {
        int max = _job.Stream.MaxParallelismOf(node);
        if (max != op.MaxParallelism && op.Subtasks.Any(subtask => subtask.Keyed is not null))
        {
            throw StateErrors.MaxParallelismChanged(op.MaxParallelism, max);
        }
    }

    /// <summary>In the checkpoint whoever had finished had only producers that had. Where that does not hold, the graph was changed, and what has finished would take in records and do nothing with them.</summary>
    private void CheckFinished()
    {
        foreach (var edge in _job.Edges)
        {
            if (IsFinished(_job.Vertices[edge.Target]) && !IsFinished(_job.Vertices[edge.Source]))
            {
                var unfinished = _job.Vertices[edge.Source].Nodes.First(node => !IsFinished(node));
                throw RestoreErrors.FinishedConsumer(_manifest, Name(edge.Stream.Target), Name(unfinished));
            }
        }

        string Name(StreamNode node) => $"'{node.Name}' (uid {_job.Uids[node]})";
    }

    private bool IsFinished(StreamNode node) => _operators.TryGetValue(_job.Uids[node], out var op) && op.IsFinished;

    private void AssignInFlight(bool allowNonRestoredState)
    {
        var edges = _job.Stream.Nodes.SelectMany(node => node.Inputs).ToDictionary(_job.KeyOf);
        foreach (var channel in _manifest.InFlight)
        {
            if (!edges.TryGetValue(channel.Edge, out var edge))
            {
                if (allowNonRestoredState)
                {
                    _dropped.Add($"the connection {channel.Edge} ({channel.Elements} records in flight)");
                    continue;
                }

                throw RestoreErrors.NoEdge(_manifest, channel);
            }

            bool same = SameParallelism(edge.Source) && SameParallelism(edge.Target) && IsDealtOutAsBefore(channel, _job.PartitioningOf(edge));
            _inFlight.Add(new InFlightSnapshot(channel, same, () => _files.ReadAll(channel.Data)));
        }

        // A checkpoint that does not say how records were dealt out: by key is right whatever it was, and where there are no keys anybody may have them.
        static bool IsDealtOutAsBefore(ChannelSnapshot channel, PartitioningKind now) => channel.Format is { } format
            ? format.Partitioning == now
            : now switch
            {
                PartitioningKind.Hash or PartitioningKind.Custom or PartitioningKind.Broadcast => false,
                PartitioningKind.Forward => channel.Producer == channel.Consumer,
                _ => true,
            };

        bool SameParallelism(StreamNode node) => _operators.TryGetValue(_job.Uids[node], out var op) && op.Parallelism == _job.ParallelismOf(node);
    }
}
