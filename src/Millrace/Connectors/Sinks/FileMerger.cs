namespace Millrace.Connectors;

/// <summary>Makes one file of many: by bytes where the format allows it, otherwise by reading and writing the records.</summary>
internal sealed class FileMerger<T>(SinkWriterContext context, FileFormat<T> format, bool flushToDisk, FileSinkCounts counts) : IDisposable
{
    private const int RecordsAtOnce = 1024;
    private FileEncoder<T>? _encoder;

    /// <summary>Merges each group.</summary>
    /// <returns>The merged files, still named as in progress. A group whose files cannot be merged comes as it is.</returns>
    public async Task<List<PendingFile>> MergeAsync(IReadOnlyList<FileGroup> groups, CancellationToken cancellationToken)
    {
        var merged = new List<PendingFile>();
        try
        {
            foreach (var group in groups)
            {
                merged.AddRange(await MergeAsync(group, cancellationToken).ConfigureAwait(false));
            }
        }
        catch
        {
            merged.Where(file => file.MergedFrom.Count > 0).ToList().ForEach(file => File.Delete(file.PendingPath));
            throw;
        }

        return merged;
    }

    public void Dispose() => _encoder?.Dispose();

    private async ValueTask<IEnumerable<PendingFile>> MergeAsync(FileGroup group, CancellationToken cancellationToken)
    {
        long began = context.TimeProvider.GetTimestamp();
        var part = new FileSinkPart<T>(group.FinalPath, context.Epoch, _encoder ??= format.CreateEncoder(), began);
        try
        {
            foreach (var file in group.Files)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (format.CanConcatenate)
                {
                    part.Append(file.PendingPath);
                }
                else
                {
                    Copy(file, part, cancellationToken);
                }
            }

            await part.CompleteAsync(flushToDisk, cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectorException error) when (!error.IsTransient)
        {
            // Files of an earlier program, whose type had other members. Nothing is lost, and a job that failed of it would never get further.
            part.Discard();
            Log.CannotMerge(context.Logger, error, group.Files.Count, group.FinalPath);
            return group.AsTheyAre;
        }
        catch
        {
            part.Discard();
            throw;
        }

        counts.AddMerged(group.Files.Count);
        Log.Merged(context.Logger, group.Files.Count, group.FinalPath, part.Bytes, context.TimeProvider.GetElapsedTime(began));
        return [new PendingFile(part.Path, group.FinalPath, part.Bytes, group.Records) { MergedFrom = [.. group.Files.Select(file => file.PendingPath)] }];
    }

    private void Copy(PendingFile file, FileSinkPart<T> part, CancellationToken cancellationToken)
    {
        long before = part.Records;
        foreach (var records in format.ReadFile(file.PendingPath).Chunk(RecordsAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            part.Write(records);
        }

        if (part.Records - before != file.Records)
        {
            throw new ConnectorException(
                FileErrors.Malformed, $"{file.PendingPath} was written with {file.Records} records, and {part.Records - before} are read from it: {format.Name} does not read what it writes.");
        }
    }
}
