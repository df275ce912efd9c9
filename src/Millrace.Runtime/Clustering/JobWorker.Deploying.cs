using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;
using Message = Millrace.Runtime.Clustering.ControlMessage;

namespace Millrace.Runtime.Clustering;

/// <content>Making subtasks.</content>
internal sealed partial class JobWorker
{
    private void Deploy(DeploymentPlan plan, BuiltJob built)
    {
        int me = IndexOfMe(plan);
        int slots = _all.Select(made => made.Subtask.Id).Concat(plan.Placement.Where(place => place.Worker == me).Select(place => place.Subtask)).Select(_demand!.SlotOf).Distinct().Count();
        if (_slots.Take(this, _key, _me, slots) is { } taken)
        {
            Log.SlotsTaken(_logger, _key.JobName, plan.Attempt, taken.Message);
            Refuse(plan, taken);
            return;
        }

        var deployed = new Deployed(this, plan.Attempt);
        try
        {
            Make(plan, built, deployed);
        }
        catch (Exception error)
        {
            Log.DeploymentFailed(_logger, error, _key.JobName, plan.Attempt);
            deployed.BreakConnections("the subtasks could not be made");
            KeepSlots();
            Refuse(plan, error);
            return;
        }

        _deployments.Add(deployed);
        foreach (var made in deployed.Subtasks)
        {
            _subtasks[made.Subtask.Id] = made;
            _all.Add(made);
        }

        Publish();

        // What an earlier attempt was connected by serves nobody when all of its subtasks have others in their places.
        BreakUnused(earlier => earlier.Subtasks.TrueForAll(made => made.Subtask.IsStopped && _subtasks[made.Subtask.Id] != made));
        Log.Deployed(_logger, _key.JobName, plan.Attempt, plan.Epoch, deployed.Subtasks.Count, plan.Placement.Count);
        foreach (var made in deployed.Subtasks)
        {
            made.Subtask.Wake();
        }
    }

    private void Make(DeploymentPlan plan, BuiltJob built, Deployed deployed)
    {
        var graph = built.Graph;
        var options = graph.Options.Checkpoints;
        int me = IndexOfMe(plan);
        var workers = plan.Placement.ToDictionary(place => place.Subtask, place => plan.Workers[place.Worker].Id);
        if (options.Storage is { } storage)
        {
            _files ??= new WorkerFiles(storage, _key.JobId, options.InlineThreshold, Copies);
        }

        var key = new DataConnectionKey(_key.JobId, _key.Term, plan.Epoch, plan.Attempt);
        for (int i = 0; i < plan.Workers.Count; i++)
        {
            if (i != me)
            {
                deployed.Connections.Add(plan.Workers[i].Id, _dataPlane.Open(plan.Workers[i], key));
            }
        }

        var channels = new RemoteChannelFactory(
            graph, _me.Id, (ulong)plan.Epoch, id => workers[id], deployed.Connections, built.Serializers, error => Log.ConnectionBroke(_logger, _key.JobName, error.Message));
        var deployment = new Deployment(
            graph,
            workers.Keys.ToHashSet(),
            plan.Attempt,
            plan.Epoch,
            _key.JobId,
            ReadRestore(plan, graph, deployed),
            deployed.Sources = new WorkerSources(graph, plan.Attempt, built.Serializers, _link),
            deployed,
            _files is { } files ? new SnapshotWriter(files.Of, Scheduler.TimeProvider) : null);
        var made = new LocalWorker(deployment, Scheduler, channels, built.Serializers, built.Loggers, id => workers[id] == _me.Id, built.Services).Subtasks;
        deployed.Subtasks.AddRange(made.Values.Select(subtask => new Made(subtask, plan.Attempt, deployed.Sources)));
        deployed.Restore?.Progress.WaitFor(made.Keys);
        channels.Start();
    }

    private StateAssignment? ReadRestore(DeploymentPlan plan, JobGraph graph, Deployed deployed)
    {
        if (plan.Manifest.IsEmpty)
        {
            CleanCopies(null);
            return null;
        }

        var options = graph.Options.Checkpoints;
        var storage = options.Storage ?? throw ClusterErrors.DifferentGraph(_key.JobName, _me, "it keeps no checkpoints here.");
        var manifest = ManifestFormat.Read(plan.Manifest, "");
        CleanCopies(manifest);
        var progress = new DeploymentRestore(Copies);
        deployed.Restore = (manifest.CheckpointId, progress);
        var reader = new CheckpointReader(storage, manifest, plan.IsKept ? new CheckpointNames(_key.JobId).SharedFolder : null, progress);
        return new StateAssignment(graph, manifest, new RestoreFiles(reader), options.RestoreFrom?.AllowNonRestoredState ?? false);
    }

    private void CleanCopies(CheckpointManifest? manifest)
    {
        if (Copies is { } copies)
        {
            Scheduler.RunInBackground($"deleting local copies of {Description}", copies.RestoredFrom(_key.JobId, manifest), static _ => { });
        }
    }

    private void Check(DeploymentPlan plan, JobGraph graph)
    {
        if (graph.Fingerprint != plan.Fingerprint)
        {
            throw ClusterErrors.DifferentGraph(_key.JobName, _me, FindDifference(plan, graph));
        }

        if (graph.Vertices.Count != plan.Tasks.Count)
        {
            throw ClusterErrors.DifferentGraph(_key.JobName, _me, $"it has {graph.Vertices.Count} tasks here and {plan.Tasks.Count} there: operators are chained in another way.");
        }
    }

    private static string FindDifference(DeploymentPlan plan, JobGraph graph)
    {
        for (int i = 0; i < Math.Max(plan.Nodes.Count, graph.NodeFingerprints.Count); i++)
        {
            var there = i < plan.Nodes.Count ? plan.Nodes[i] : null;
            var here = i < graph.NodeFingerprints.Count ? graph.NodeFingerprints[i] : null;
            if (there != here)
            {
                return there is null ? $"operator {here!.Name} is not there."
                    : here is null ? $"operator {there.Name} is not here."
                    : here.Name != there.Name ? $"where it has operator {here.Name}, there is {there.Name}."
                    : $"operator {here.Name} differs in its type, parallelism, inputs or options.";
            }
        }

        return "operators are chained here, and not there, or the other way round.";
    }

    private void BreakUnused(Predicate<Deployed> isUnused)
    {
        foreach (var earlier in _deployments.FindAll(isUnused))
        {
            earlier.BreakConnections("its attempt is over");
            _deployments.Remove(earlier);
        }
    }

    private void Ended(SubtaskId subtask, int attempt)
    {
        _all.RemoveAll(made => made.Subtask.Id == subtask && made.Attempt == attempt);
        KeepSlots();
        Publish();
    }

    private void KeepSlots() => _slots.Keep(this, _all.Select(made => _demand!.SlotOf(made.Subtask.Id)).Distinct().Count());

    /// <summary>A subtask of an attempt.</summary>
    private sealed record Made(Subtask Subtask, int Attempt, WorkerSources Sources);

    /// <summary>A deployment: passes on what its subtasks say. Called from any thread.</summary>
    private sealed class Deployed(JobWorker owner, int attempt) : ISubtaskListener, ISnapshotListener
    {
        public List<Made> Subtasks { get; } = [];

        public Dictionary<string, IDataConnection> Connections { get; } = [];

        public WorkerSources Sources { get; set; } = null!;

        /// <summary>The checkpoint that it begins with; null for none.</summary>
        public (long Checkpoint, DeploymentRestore Progress)? Restore { get; set; }

        public void SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error)
        {
            // Before it is reported: what is to be made in its place must find its slot free.
            if (state is SubtaskState.Finished or SubtaskState.Canceled or SubtaskState.Failed)
            {
                owner.Tell(() => owner.Ended(subtask, attempt));
            }

            owner._link.Send(new Message.StateChanged(subtask, attempt, state, error));
            if (state > SubtaskState.Initializing && Restore is { } restore && restore.Progress.Ended(subtask))
            {
                var (local, stored) = (restore.Progress.Local, restore.Progress.Stored);
                LocalRecoveryLog.Restored(owner._logger, owner._key.JobName, attempt, restore.Checkpoint, local.Files, local.Bytes, stored.Files, stored.Bytes);
            }
        }

        public void Acknowledged(SubtaskId subtask, long checkpointId, TaskSnapshot snapshot)
        {
            try
            {
                owner._link.Send(new Message.Acknowledged(subtask, attempt, checkpointId, snapshot, owner._files!.Acknowledged(checkpointId, snapshot)));
            }
            catch (MillraceException error)
            {
                // Too much of it lies in the message: state that belongs to no key.
                Declined(subtask, checkpointId, error);
            }
        }

        public void Declined(SubtaskId subtask, long checkpointId, Exception error) => owner._link.Send(new Message.Declined(subtask, attempt, checkpointId, error));

        public void Drained(SubtaskId subtask) => owner._link.Send(new Message.Drained(subtask, attempt));

        public void BreakConnections(string why)
        {
            foreach (var connection in Connections.Values)
            {
                connection.Break(new IOException($"The connection is not needed any more: {why}."));
            }
        }
    }
}
