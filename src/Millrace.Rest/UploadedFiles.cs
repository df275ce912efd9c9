using Microsoft.AspNetCore.Http;
using Millrace.Cluster.Session;
using Millrace.Hosting;

namespace Millrace.Rest;

/// <summary>The files of one upload, in a folder of their own until they are kept. They lie there under numbers: their names come from outside.</summary>
/// <param name="most">How many bytes all of them may have.</param>
internal sealed class UploadedFiles(long most) : IDisposable
{
    private const int BufferSize = 80 * 1024;
    private const int MostFiles = 100_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-upload-").FullName;
    private readonly List<(string Name, string Path)> _files = [];
    private long _bytes;

    public async Task AddAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        if (_files.Count == MostFiles)
        {
            throw new BadHttpRequestException($"There are more than {MostFiles} files in the body.", StatusCodes.Status413PayloadTooLarge);
        }

        string path = Path.Combine(_folder, $"{_files.Count}");
        _files.Add((name, path));
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        await using var _ = file.ConfigureAwait(false);
        byte[] buffer = new byte[BufferSize];
        for (int read; (read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            _bytes += read;
            if (_bytes > most)
            {
                throw new BadHttpRequestException($"The files have more than {most} bytes together. Leave out what the program does not need, or raise Millrace:Cluster:Session:MaxProgramSize.", StatusCodes.Status413PayloadTooLarge);
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Keeps an archive that came alone as it is, and other files as those of a folder.</summary>
    public async Task<SessionProgram> KeepAsync(IMillraceSession session, CancellationToken cancellationToken)
    {
        if (_files.Count == 0)
        {
            throw new BadHttpRequestException("There is no file in the body.");
        }

        if (_files is [var (name, path)] && name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            var archive = File.OpenRead(path);
            await using var _ = archive.ConfigureAwait(false);
            return await session.UploadAsync(archive, name, cancellationToken).ConfigureAwait(false);
        }

        var packed = new FileStream(Path.Combine(_folder, "packed"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize, FileOptions.Asynchronous);
        await using var __ = packed.ConfigureAwait(false);
        ProgramArchive.Pack(_files, packed);
        packed.Position = 0;
        return await session.UploadAsync(packed, "folder", cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
