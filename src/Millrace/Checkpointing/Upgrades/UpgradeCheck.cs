using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.Tasks;
using Millrace.StateProcessing;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>Holds a job against a savepoint or checkpoint, in the order in which a start would: the graph, then each operator.</summary>
internal sealed class UpgradeCheck
{
    private readonly JobGraph _job;
    private readonly CheckpointManifest _manifest;
    private readonly RestoreFiles _files;
    private readonly StreamExecutionEnvironment _environment;
    private readonly SerializerProvider _serializers;
    private readonly OperatorProbe _probe;
    private readonly bool _mayDrop;
    private readonly Dictionary<string, OperatorManifest> _saved;
    private readonly List<OperatorManifest> _homeless;
    private readonly Dictionary<StreamNode, string> _unfinishedProducers = [];

    /// <param name="job">The job.</param>
    /// <param name="reader">Reads the savepoint.</param>
    /// <param name="environment">The job's environment.</param>
    /// <param name="opensFunctions">Whether functions are opened.</param>
    /// <param name="mayDrop">Whether state without a place may be dropped.</param>
    public UpgradeCheck(JobGraph job, CheckpointReader reader, StreamExecutionEnvironment environment, bool opensFunctions, bool mayDrop)
    {
        _job = job;
        _manifest = reader.Manifest;
        _files = new RestoreFiles(reader);
        _environment = environment;
        _serializers = new SerializerProvider(environment.Serializers);
        _probe = new OperatorProbe(job, environment, opensFunctions);
        _mayDrop = mayDrop;
        _saved = _manifest.Operators.ToDictionary(op => op.Uid);
        var uids = job.Uids.Values.ToHashSet();
        _homeless = [.. _manifest.Operators.Where(op => !uids.Contains(op.Uid) && HasState(op))];
    }

    /// <param name="path">Where the savepoint is, for people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<UpgradeReport> RunAsync(string path, CancellationToken cancellationToken)
    {
        FindUnfinishedProducers();
        var operators = new List<OperatorUpgrade>();
        foreach (var vertex in _job.Vertices)
        {
            bool isFinished = vertex.Nodes.All(IsFinished);
            var probed = await _probe.LookAtAsync(vertex, isFinished, cancellationToken).ConfigureAwait(false);
            operators.AddRange(vertex.Nodes.Select(node => Compare(vertex, node, probed[node], isFinished)));
        }

        operators.AddRange(_homeless.Select(Homeless));
        var connections = _manifest.InFlight.GroupBy(channel => channel.Edge).Select(Compare).ToList();
        return new UpgradeReport
        {
            JobName = _job.Stream.JobName,
            Path = path,
            CheckpointId = _manifest.CheckpointId,
            IsSavepoint = _manifest.Kind != SnapshotKind.Checkpoint,
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(_manifest.Timestamp),
            Operators = operators,
            Connections = connections,
            Problems = Problems(operators, connections),
        };
    }

    private static bool HasState(OperatorManifest op) => op.Coordinator is not null || op.Subtasks.Count > 0;

    private bool IsFinished(StreamNode node) => _saved.TryGetValue(_job.Uids[node], out var op) && op.IsFinished;

    private void FindUnfinishedProducers()
    {
        foreach (var edge in _job.Edges.Where(edge => _job.Vertices[edge.Target].Nodes.All(IsFinished)))
        {
            if (_job.Vertices[edge.Source].Nodes.FirstOrDefault(node => !IsFinished(node)) is { } producer)
            {
                _unfinishedProducers.TryAdd(edge.Stream.Target, $"'{producer.Name}' (uid {_job.Uids[producer]})");
            }
        }
    }

    private OperatorUpgrade Compare(JobVertex vertex, StreamNode node, ProbedOperator asked, bool isFinished)
    {
        string uid = _job.Uids[node];
        if (!_saved.TryGetValue(uid, out var saved))
        {
            return Added(node, asked);
        }

        var said = new List<string>();
        StateIncompatibleException? refusal = null;
        int max = _job.Stream.MaxParallelismOf(node);
        var handles = saved.Subtasks.Select(subtask => subtask.Keyed).OfType<KeyedStateHandle>().ToList();
        string backend = (_job.Options.StateBackend ?? HeapStateBackend.Instance).Name;
        if (max != saved.MaxParallelism && handles.Count > 0)
        {
            refusal = StateErrors.MaxParallelismChanged(saved.MaxParallelism, max);
        }
        else if (_unfinishedProducers.TryGetValue(node, out string? producer))
        {
            refusal = RestoreErrors.FinishedConsumer(_manifest, $"'{node.Name}' (uid {uid})", producer);
        }
        else if (asked.IsKeyed && !isFinished && handles.Find(handle => handle.Format != KeyedStateHandle.Canonical && handle.Format != backend) is { } other)
        {
            refusal = StateErrors.OtherBackend(node.Name, uid, other.Format, backend);
        }

        if (refusal is not null)
        {
            said.Add(refusal.Words);
        }

        if (saved.Parallelism != vertex.Parallelism && HasState(saved))
        {
            said.Add($"Parallelism was {saved.Parallelism} and is {vertex.Parallelism}: key groups and lists are dealt out anew.");
        }

        IReadOnlyList<StateUpgrade> states;
        if (isFinished)
        {
            said.Add("It had come to its end: it does nothing any more but pass the end on.");
            states = new StateComparison(asked, [], [.. SavedState.ListsOf(saved).Where(state => asked.Lists.Any(list => list.Identity.Name == state.Name))]).Compare();
        }
        else
        {
            states = new StateComparison(asked, SavedState.KeyedOf(saved, _files, _job.Options.StateBackend ?? HeapStateBackend.Instance), [.. SavedState.ListsOf(saved)]).Compare();
        }

        if (Enumerator(node, saved) is { } enumerator)
        {
            states = [enumerator, .. states];
        }

        if (asked.Failure is { } failure)
        {
            said.Add(failure);
        }

        var worst = states.Select(state => state.Status).Where(status => status is not (UpgradeStatus.New or UpgradeStatus.Kept)).Append(UpgradeStatus.Compatible).Max();
        var failed = asked.Failure is null ? UpgradeStatus.Compatible : UpgradeStatus.NotChecked;
        return new OperatorUpgrade(
            uid,
            node.Name,
            refusal is not null ? UpgradeStatus.Incompatible : worst > failed ? worst : failed,
            string.Join(' ', said),
            states,
            refusal?.Code);
    }

    /// <summary>An operator that the savepoint does not know.</summary>
    private OperatorUpgrade Added(StreamNode node, ProbedOperator asked)
    {
        var states = new StateComparison(asked, [], []).Compare();
        if (node.Source is { } source)
        {
            states = [new StateUpgrade(StateNames.Enumerator, SavepointStateKind.Enumerator, UpgradeStatus.New, null, source.EnumeratorSchema(_serializers), ""), .. states];
        }

        string hint = states.Count > 0 && _homeless.Find(op => op.Name == node.Name) is { } old
            ? $"The savepoint has state of an operator of this name with another uid: if it is the same, give it .Uid(\"{old.Uid}\")."
            : "";
        return new OperatorUpgrade(_job.Uids[node], node.Name, UpgradeStatus.New, string.Join(' ', new[] { hint, asked.Failure }.Where(text => text is { Length: > 0 })), states);
    }

    /// <summary>An operator with state that the job does not have.</summary>
    private OperatorUpgrade Homeless(OperatorManifest op)
    {
        var keyed = SavedState.KeyedOf(op, _files, _job.Options.StateBackend ?? HeapStateBackend.Instance) ?? [];
        var states = keyed.Concat(SavedState.ListsOf(op)).Select(state => new StateUpgrade(state.Name, state.Kind, UpgradeStatus.Dropped, state.Schema, null, "")).ToList();
        if (op.Coordinator is { } coordinator)
        {
            states.Insert(0, new StateUpgrade(StateNames.Enumerator, SavepointStateKind.Enumerator, UpgradeStatus.Dropped, coordinator.Schema, null, ""));
        }

        return new OperatorUpgrade(
            op.Uid,
            op.Name,
            UpgradeStatus.Dropped,
            _mayDrop ? "The job does not have it: its state is dropped." : "The job does not have it. Give an operator this uid, or drop the state with RestoreOptions.AllowNonRestoredState.",
            states,
            _mayDrop ? null : RestoreErrors.Homeless);
    }

    private StateUpgrade? Enumerator(StreamNode node, OperatorManifest saved)
    {
        if (saved.Coordinator is not { } coordinator)
        {
            return node.Source is { } begun
                ? new StateUpgrade(StateNames.Enumerator, SavepointStateKind.Enumerator, UpgradeStatus.New, null, begun.EnumeratorSchema(_serializers), "")
                : null;
        }

        var upgrade = new StateUpgrade(StateNames.Enumerator, SavepointStateKind.Enumerator, UpgradeStatus.Compatible, coordinator.Schema, null, "");
        if (node.Source is not { } source)
        {
            return upgrade with { Status = UpgradeStatus.Dropped, Reason = "The operator is no source any more: what its enumerator knew is gone with the first snapshot. Give the operator a new uid if that is not meant." };
        }

        var now = source.EnumeratorSchema(_serializers);
        try
        {
            source.ReadEnumerator(coordinator, _serializers, node.Name);
        }
        catch (MillraceException error)
        {
            return upgrade with { Status = UpgradeStatus.Incompatible, Now = now, Reason = error.Words, Code = error.Code };
        }

        return SchemaComparison.SameBytes(coordinator.Schema, now)
            ? upgrade with { Now = now }
            : upgrade with { Status = UpgradeStatus.Migrates, Now = now, Reason = SchemaDifferences.Describe(coordinator.Schema, now) };
    }

    private ConnectionUpgrade Compare(IGrouping<string, ChannelSnapshot> channels)
    {
        string[] ends = channels.Key.Split('|');
        var upgrade = new ConnectionUpgrade(ends[0], ends[1], UpgradeStatus.Compatible, "");
        var edge = _job.Stream.Nodes.SelectMany(node => node.Inputs).FirstOrDefault(edge => _job.KeyOf(edge) == channels.Key);
        if (edge is null)
        {
            var refusal = RestoreErrors.NoEdge(_manifest, channels.First());
            return _mayDrop
                ? upgrade with { Status = UpgradeStatus.Dropped, Reason = "The job does not connect the two any more: the records are dropped." }
                : upgrade with { Status = UpgradeStatus.Dropped, Reason = refusal.Words, Code = refusal.Code };
        }

        try
        {
            foreach (var channel in channels)
            {
                edge.ReadInFlight(new InFlightSnapshot(channel, IsSameChannel: false, () => _files.ReadAll(channel.Data)), _job.Options, _serializers);
            }
        }
        catch (MillraceException error)
        {
            return upgrade with { Status = UpgradeStatus.Incompatible, Reason = error.Words, Code = error.Code };
        }

        var now = edge.RecordSchema(_serializers);
        return channels.First().Format is { } format && !SchemaComparison.SameBytes(format.Records, now)
            ? upgrade with { Status = UpgradeStatus.Migrates, Reason = SchemaDifferences.Describe(format.Records, now) }
            : upgrade;
    }

    private List<string> Problems(List<OperatorUpgrade> operators, List<ConnectionUpgrade> connections)
    {
        var problems = new List<string>();
        foreach (var op in operators)
        {
            Add(op.Code, $"Operator '{op.Name}' (uid {op.Uid})", op.Reason);
            foreach (var state in op.States)
            {
                Add(state.Code, $"Operator '{op.Name}' (uid {op.Uid}), state '{state.Name}'", state.Reason);
            }
        }

        foreach (var connection in connections)
        {
            Add(connection.Code, $"Records in flight from {connection.From} to {connection.To}", connection.Reason);
        }

        if (problems.Count == 0)
        {
            // What a start asks first, whatever this check has forgotten.
            try
            {
                _ = new StateAssignment(_job, _manifest, _files, _mayDrop);
            }
            catch (MillraceException error)
            {
                problems.Add(error.Message);
            }
        }

        return problems;

        void Add(string? code, string what, string why)
        {
            if (code is not null)
            {
                problems.Add($"{code}: {what}: {why}");
            }
        }
    }
}
