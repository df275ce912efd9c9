namespace Millrace.Connectors;

/// <summary>Gives complete files their final names.</summary>
internal sealed class FileCommitter(bool flushToDisk) : Committer<PendingFile>
{
    public override async ValueTask CommitAsync(IReadOnlyList<PendingFile> committables, CancellationToken cancellationToken)
    {
        foreach (var file in committables)
        {
            Commit(file);
        }

        if (flushToDisk && committables.Count > 0)
        {
            // What has been committed is not committed again once the next checkpoint is complete: by then it must survive a power failure.
            await Task.Run(() => FileSinkFolder.Flush(committables), cancellationToken).ConfigureAwait(false);
        }

        // Last: whoever dies before finds the merged file under its final name, and deletes them then.
        foreach (string small in committables.SelectMany(file => file.MergedFrom))
        {
            Delete(small);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConnectorException(
                FileErrors.CannotCommit,
                $"{path} cannot be deleted, though its records are in a merged file now: {error.Message} See that this process may delete files in the folder.",
                isTransient: true,
                error);
        }
    }

    private static void Commit(PendingFile file)
    {
        if (!File.Exists(file.PendingPath))
        {
            if (File.Exists(file.FinalPath))
            {
                // Committed before a crash that came before the engine had noted it.
                return;
            }

            throw new ConnectorException(
                FileErrors.CannotCommit,
                $"{file.PendingPath} ({file.Records} records) is to become {file.FinalPath}, but neither file exists. Something else has removed it: "
                + "leave hidden files in the folder of a file sink alone. Start from an older checkpoint to write its records again.");
        }

        try
        {
            File.Move(file.PendingPath, file.FinalPath, overwrite: false);
        }
        catch (FileNotFoundException) when (File.Exists(file.FinalPath))
        {
            // Somebody else was committing the same checkpoint: a process that is not quite dead, for example.
        }
        catch (IOException error)
        {
            throw new ConnectorException(
                FileErrors.CannotCommit,
                $"{file.PendingPath} ({file.Records} records) cannot be renamed to {file.FinalPath}: {error.Message} See that no other sink writes the same "
                + $"names ({nameof(FileSinkOptions)}.{nameof(FileSinkOptions.Prefix)}) and that this process may write to the folder.",
                isTransient: !File.Exists(file.FinalPath),
                error);
        }
    }
}
