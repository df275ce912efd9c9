using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <content>Writing what was put together.</content>
public sealed partial class SavepointWriter
{
    /// <summary>Writes the savepoint. It is there when this is complete, and not before.</summary>
    /// <param name="path">Its folder in the storage; there is no savepoint yet.</param>
    /// <param name="cancellationToken">Gives up; nothing stays behind.</param>
    /// <returns>Its folder, for <see cref="Millrace.Checkpointing.RestoreOptions"/>.</returns>
    /// <exception cref="MillraceException">The folder is taken, a key was given twice, or state of the other savepoint cannot be read.</exception>
    /// <exception cref="IOException">The storage does not take it.</exception>
    public async Task<string> WriteAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var store = SavepointFiles.StoreOf(_storage);
        var old = _source?.Files.Manifest;
        long id = old?.CheckpointId ?? 1;
        var files = await Task.Run(() => store.CreateDetachedSavepointFiles(path, id), cancellationToken).ConfigureAwait(false);
        try
        {
            var operators = new List<OperatorManifest>();
            foreach (var op in _operators.Values)
            {
                operators.Add(await WriteOperatorAsync(op, files, cancellationToken).ConfigureAwait(false));
            }

            bool isCanonical = operators.SelectMany(op => op.Subtasks).All(subtask => subtask.Keyed is null or { Format: KeyedStateHandle.Canonical });
            var manifest = new CheckpointManifest(
                old?.JobId ?? "state-processing",
                old?.JobName ?? "state processing",
                id,
                old?.Epoch ?? 0,
                isCanonical ? SnapshotKind.CanonicalSavepoint : SnapshotKind.NativeSavepoint,
                old?.Timestamp ?? TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
                operators,
                []);
            return await Task.Run(() => store.CompleteDetachedSavepoint(manifest, files), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            files.Discard();
            throw;
        }
    }

    private async Task<OperatorManifest> WriteOperatorAsync(WrittenOperator op, CheckpointFiles files, CancellationToken cancellationToken)
    {
        var keyed = new List<KeyedStateHandle>();
        if (op.Keyed.Count > 0 || (op.Dropped.Count > 0 && op.Source?.Subtasks.Any(subtask => subtask.Keyed is not null) == true))
        {
            keyed.Add(await WriteKeyedAsync(op, files, cancellationToken).ConfigureAwait(false));
        }
        else if (op.Source is { } source)
        {
            keyed.AddRange(await Task.Run(() => source.Subtasks.Select(subtask => subtask.Keyed).OfType<KeyedStateHandle>().Select(handle => Copy(handle, files, cancellationToken)).ToList(), cancellationToken)
                .ConfigureAwait(false));
        }

        var lists = ListsOf(op);
        var subtasks = new List<OperatorSnapshot>();
        for (int index = 0; index < op.Parallelism; index++)
        {
            var handle = keyed.ElementAtOrDefault(index);
            if (handle is not null || lists[index].Count > 0)
            {
                subtasks.Add(new OperatorSnapshot(op.Uid, index, handle, lists[index]));
            }
        }

        return new OperatorManifest(op.Uid, op.Name, op.Parallelism, op.MaxParallelism, op.Source?.IsFinished ?? false, op.Coordinator, subtasks);
    }

    /// <summary>What is kept stays with its subtask; what is new is dealt out evenly, as a restore at the same parallelism would leave it where it is.</summary>
    private static List<OperatorStateSnapshot>[] ListsOf(WrittenOperator op)
    {
        var lists = new List<OperatorStateSnapshot>[op.Parallelism];
        for (int index = 0; index < lists.Length; index++)
        {
            lists[index] = [.. op.Source?.Subtasks.FirstOrDefault(subtask => subtask.SubtaskIndex == index)?.Operator.Where(state => !op.Dropped.Contains(state.Name)) ?? []];
        }

        foreach (var added in op.Lists)
        {
            if (added.Redistribution == Redistribution.Union)
            {
                lists[0].Add(added);
                continue;
            }

            if (added.Redistribution == Redistribution.Broadcast)
            {
                Array.ForEach(lists, subtask => subtask.Add(added));
                continue;
            }

            int start = 0;
            for (int index = 0; index < lists.Length; index++)
            {
                int count = (added.Items.Count / lists.Length) + (index < added.Items.Count % lists.Length ? 1 : 0);
                if (count > 0)
                {
                    lists[index].Add(added with { Items = [.. added.Items.Skip(start).Take(count)] });
                }

                start += count;
            }
        }

        return lists;
    }

    /// <summary>Copies state as it is, whatever its format.</summary>
    private KeyedStateHandle Copy(KeyedStateHandle handle, CheckpointFiles files, CancellationToken cancellationToken)
    {
        var copies = handle.Files.Select(file => files.Write(
            file.Name,
            stream =>
            {
                using var source = _source!.Files.Reader.OpenRead(file, cancellationToken);
                source.CopyTo(stream);
            },
            isShared: false,
            cancellationToken));
        return handle with { Files = [.. copies] };
    }

    /// <summary>Writes all keyed state of an operator into one file: a job that starts from it takes its key groups out of it, whatever its parallelism is.</summary>
    private async Task<KeyedStateHandle> WriteKeyedAsync(WrittenOperator op, CheckpointFiles files, CancellationToken cancellationToken)
    {
        var gathered = new List<(WrittenState State, KeyGroupSpill Spill)>();
        try
        {
            foreach (var state in op.Keyed)
            {
                gathered.Add((state, await state.GatherAsync(op.MaxParallelism, cancellationToken).ConfigureAwait(false)));
            }

            var file = await Task.Run(() => files.Write("keyed", stream => WriteKeyed(op, gathered, stream, cancellationToken), isShared: false, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            return new KeyedStateHandle(KeyedStateHandle.Canonical, op.MaxParallelism, new KeyGroupRange(0, op.MaxParallelism), [file], default);
        }
        finally
        {
            gathered.ForEach(state => state.Spill.Dispose());
        }
    }

    private void WriteKeyed(WrittenOperator op, List<(WrittenState State, KeyGroupSpill Spill)> gathered, Stream stream, CancellationToken cancellationToken)
    {
        var writer = new CanonicalStateWriter(stream, op.MaxParallelism);
        if (op.Source is { } source)
        {
            CopyKept(source.Uid, op.Dropped, writer, cancellationToken);
        }

        foreach (var (state, spill) in gathered)
        {
            writer.BeginState(state.Header);
            spill.WriteTo(writer, state.Twice, cancellationToken);
        }

        writer.Complete();
    }

    private void CopyKept(string uid, HashSet<string> dropped, CanonicalStateWriter writer, CancellationToken cancellationToken)
    {
        var snapshots = new List<CanonicalStateReader>();
        try
        {
            // In the order of their key groups, so that a state's groups ascend over all of them.
            snapshots.AddRange(_source!.Files.HandlesOf(uid).Select(handle => _source.Files.Open(uid, handle)));
            foreach (var header in snapshots.SelectMany(snapshot => snapshot.States).Where(state => !dropped.Contains(state.Name)).Distinct())
            {
                writer.BeginState(header);
                int last = 0;
                foreach (var snapshot in snapshots)
                {
                    foreach (var chunk in snapshot.States.Where(header.Equals).SelectMany(state => snapshot.ReadChunks(state, new KeyGroupRange(0, snapshot.MaxParallelism))))
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        if (chunk.Group < last)
                        {
                            // State that a job carried over without asking for it is in a file once for each file that it was restored from.
                            writer.BeginState(header);
                        }

                        last = chunk.Group;
                        writer.WriteChunk(chunk.Group, chunk.Count, chunk.Entries.Span);
                    }
                }
            }
        }
        finally
        {
            snapshots.ForEach(snapshot => snapshot.Dispose());
        }
    }
}
